"""The fixtures of the documentation tests: a temporary project, with the server's binary from CRETA_BIN."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from temporary_project import TemporaryProject  # noqa: E402


@pytest.fixture
def project(tmp_path):
    """A folder in which blocks run; everything started in it is ended."""
    found = TemporaryProject(tmp_path, _binary())
    yield found
    found.close()


def _binary() -> Path:
    named = os.environ.get("CRETA_BIN")
    if not named:
        reason = "CRETA_BIN does not name the creta binary"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    return Path(named).absolute()
