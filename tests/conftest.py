"""What the suites share: where the product under test is, and real files to send to it."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real DICOM files beside the repository; a test that needs them is skipped without."""
    path = Path(os.environ.get("YUNYING_TEST_DATA") or REPOSITORY.parent / "shared" / "data")
    if not path.is_dir():
        pytest.skip(f"no test data at {path}")
    return path
