"""Fixtures of the fault tests: a node of one's own, to be hurt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.stack import Stack


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=20, help="rounds of mishaps while sending")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    limit = pytest.mark.timeout(120 + 60 * config.getoption("--rounds"))
    for item in items:
        if "rounds" in getattr(item, "fixturenames", ()):
            item.add_marker(limit)


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    count: int = request.config.getoption("--rounds")
    return count


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    own = Stack(tmp_path)
    own.portal.add_hospital("H001", CT_A=[])
    try:
        yield own
        assert own.portal.violations == []
    finally:
        own.close()
