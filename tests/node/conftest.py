"""Fixtures of the node's tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .stack import REPOSITORY, Stack

DATA = Path(os.environ.get("YUNYING_TEST_DATA", REPOSITORY.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One node for many tests, with two hospitals; CT_B may send from elsewhere only."""
    stack = Stack(tmp_path_factory.mktemp("node"))
    stack.portal.add_hospital("H001", CT_A=[], CT_B=["10.9.9.9"])
    stack.portal.add_hospital("H002", MR_X=["127.0.0.1"])
    try:
        stack.start_all()
        stack.wait_configured("MR_X")
        yield stack
        assert stack.portal.violations == []
    finally:
        stack.close()


@pytest.fixture
def stack(running: Stack) -> Iterator[Stack]:
    """The running node, empty."""
    running.reset()
    yield running
    running.wait_archived()


@pytest.fixture(scope="module")
def renders(running: Stack) -> Iterator[Stack]:
    """The running node, and `dicom-node render`."""
    running.start("render")
    running.wait_ready("render")
    yield running
    assert running.stop("render") == 0


@pytest.fixture
def node(stack: Stack, renders: Stack) -> Stack:
    """The same, empty."""
    return stack


def shared(pattern: str) -> list[Path]:
    """Files of the shared test data, none when it is not there."""
    return sorted(path for path in DATA.glob(pattern) if path.is_file())
