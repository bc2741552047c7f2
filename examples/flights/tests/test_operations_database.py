"""The database is written whole or not at all, and only when it has to be."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from walkthrough import operations_database
from walkthrough.dataset import DatasetError


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("operations") / "flights.sqlite"
    counts, written = operations_database.ensure(path)
    assert written
    assert (counts.flights, counts.cancelled) == (336_776, 8_255)
    assert (counts.unknown_tail_numbers, counts.unknown_destinations) == (722, 4)
    return path


def test_second_run_leaves_the_file_alone(database: Path) -> None:
    before = database.stat().st_mtime_ns
    counts, written = operations_database.ensure(database)
    assert not written
    assert counts.departures == 328_521
    assert database.stat().st_mtime_ns == before


def test_cancelled_flights_have_neither_departure_nor_arrival(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        orphans = connection.execute(
            "select count(*) from arrivals where flight_key not in (select flight_key from departures)"
        ).fetchone()
    assert orphans == (0,)


@pytest.mark.parametrize(
    ("table", "column", "time"),
    [
        ("departures", "carrier", "departed_at"),
        ("departures", "tail_number", "departed_at"),
        ("departures", "origin", "departed_at"),
        ("arrivals", "tail_number", "arrived_at"),
        ("weather", "origin", "known_at"),
    ],
)
def test_ranges_of_time_are_read_through_an_index(database: Path, table: str, column: str, time: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        plan = connection.execute(
            f"explain query plan select * from {table} where {column} = ? and {time} > ? and {time} <= ?",
            ("", "", ""),
        ).fetchall()
    assert "USING INDEX" in plan[0][3], plan
    assert f"{time}>? AND {time}<?" in plan[0][3], plan


def test_a_failed_run_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(table: str) -> None:
        raise DatasetError(table)

    monkeypatch.setattr(operations_database, "read_rows", fail)
    with pytest.raises(DatasetError):
        operations_database.ensure(tmp_path / "flights.sqlite")
    assert list(tmp_path.iterdir()) == []
