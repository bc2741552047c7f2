"""Singletons: one row that queries name without a key and that resolvers of other classes read."""

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from live.running import serving

SCENARIO = Path(__file__).parents[4] / "scenarios" / "singleton"


@pytest.fixture(scope="module")
def port(program, tmp_path_factory):
    project = tmp_path_factory.mktemp("port")
    for name in ("features.py", "totals.creta.sql", "terminals.creta.sql"):
        shutil.copy(SCENARIO / name, project)
    with sqlite3.connect(project / "facts.db") as base:
        base.executescript((SCENARIO / "facts.sql").read_text())
    with serving(program, project, tmp_path_factory.mktemp("server")) as running:
        applied = running.apply(project)
        assert applied.status == 0, applied
        with running.client() as client:
            yield client


def test_it_is_asked_for_without_a_key_alone_and_beside_others(port):
    assert port.query({}, ["port.total"]).to_dict() == {"port.total": 120}
    assert port.query({"terminal.id": 2}, ["port.total", "terminal.share"]).to_dict() == {
        "port.total": 120,
        "terminal.share": 0.75,
    }
    times = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (3, 4)]
    dataset = port.offline_query(
        {"terminal.id": [1, 2]}, input_times=times, output=["port.hour", "terminal.share"], recompute_features=True
    )
    assert dataset.to_arrow().to_pylist() == [
        {"port.hour": 3, "terminal.share": 0.25},
        {"port.hour": 4, "terminal.share": 0.75},
    ]


def test_it_is_read_as_it_is(port):
    (error,) = port.query({"terminal.id": 2, "port.total": 8}, ["terminal.share"]).errors
    assert "belongs to a singleton" in error.message
    (error,) = port.upload_features({"port.total": 8})
    assert "is a singleton" in error.message
