"""Fixtures of the live tests: the real program, and servers of it with the harbour project applied."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from creta import CretaClient
from live.harbour import write_harbour
from live.running import Server, serving


@pytest.fixture(scope="session")
def program() -> str:
    """The `creta` program that CRETA_BIN names."""
    named = os.environ.get("CRETA_BIN")
    found = shutil.which(named) if named else None
    if found is None:
        reason = f"CRETA_BIN names {named}, which is no program" if named else "CRETA_BIN names no `creta` program"
        if named or os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return os.path.abspath(found)


@pytest.fixture(scope="session")
def harbour_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_harbour(tmp_path_factory.mktemp("harbour"))


@pytest.fixture(scope="session")
def server(program: str, harbour_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that has the harbour project deployed; at the end it must stop in an orderly way."""
    with serving(program, harbour_project, tmp_path_factory.mktemp("server")) as running:
        applied = running.apply(harbour_project)
        assert applied.status == 0, applied
        yield running


@pytest.fixture(scope="session")
def client(server: Server) -> Iterator[CretaClient]:
    with server.client() as connected:
        yield connected
