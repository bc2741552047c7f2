"""The independent check that no training row saw the future.

It shares nothing with Creta, nor with the SQLite file: it reads the CSV files and computes the windows with plain
loops. Its clock is another one, too: the data's own UTC column `time_hour`, where the database was made from local
times and zones. Its twin makes the classic mistake, to treat a departure as known when it was scheduled and an hour
of weather when it began; a check that cannot tell the two apart would prove nothing, so the twin must disagree.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from walkthrough.dataset import read_rows

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# Windows over departures, as the training set names them -> column that joins, aggregate, window.
WINDOWS: dict[str, tuple[str, str, timedelta]] = {
    "flight.carrier.mean_delay__3600__": ("carrier", "mean", HOUR),
    "flight.carrier.mean_delay__86400__": ("carrier", "mean", DAY),
    "flight.carrier.mean_delay__604800__": ("carrier", "mean", 7 * DAY),
    "flight.aircraft_delay__86400__": ("tailnum", "mean", DAY),
    "flight.origin_airport.departure_count__3600__": ("origin", "count", HOUR),
    "flight.origin_airport.mean_delay__10800__": ("origin", "mean", 3 * HOUR),
}

TEMPERATURE = "flight.weather.temperature"
RAINFALL = "flight.origin_airport.rainfall__21600__"
RAIN_WINDOW = 6 * HOUR

CHECKED = (*WINDOWS, TEMPERATURE, RAINFALL)

JOIN_COLUMNS = ("carrier", "tailnum", "origin")

# Sums of floats may differ in the last bits with the order of the rows; nothing else may.
TOLERANCE = 1e-9

Value = float | int | None


@dataclass(frozen=True, slots=True)
class Leg:
    """One line of flights.csv, cut down to what the windows need."""

    key: str
    joins: dict[str, str | None]
    schedule: datetime
    delay: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """One line of weather.csv, cut down likewise."""

    temperature: float | None
    rain: float


@dataclass(frozen=True, slots=True)
class Event:
    """One departure: when it counts as known, and how late it was in minutes."""

    known_at: datetime
    delay: int


@dataclass
class Verdict:
    """How many values were compared, where the two sides differ, and which features never do."""

    compared: int
    differences: list[str]
    disagreeing_flights: int
    agreeing_features: set[str]


def read_legs() -> list[Leg]:
    """Reads flights.csv."""
    legs = []
    for row in read_rows("flights"):
        day = f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"
        schedule = datetime.fromisoformat(row["time_hour"]) + timedelta(minutes=int(row["minute"]))
        delay = None if row["dep_delay"] is None else int(row["dep_delay"])
        joins = {column: row[column] for column in JOIN_COLUMNS}
        legs.append(Leg(f"{day}/{row['carrier']}/{row['flight']}/{row['origin']}", joins, schedule, delay))
    return legs


def read_reports() -> dict[tuple[str, datetime], Report]:
    """Reads weather.csv: airport and beginning of the hour -> what was measured in it."""
    reports = {}
    for row in read_rows("weather"):
        temperature = None if row["temp"] is None else float(row["temp"])
        reports[row["origin"], datetime.fromisoformat(row["time_hour"])] = Report(temperature, float(row["precip"]))
    return reports


class Weather:
    """The reports as one may know them: each of them `lag` after its hour has begun."""

    def __init__(self, reports: Mapping[tuple[str, datetime], Report], lag: timedelta) -> None:
        self._reports = reports
        self._lag = lag

    def features(self, airport: str, now: datetime) -> dict[str, Value]:
        """The newest temperature and the rain of the last hours at one airport."""
        newest = (now - self._lag).replace(minute=0, second=0, microsecond=0)
        report = self._reports.get((airport, newest))
        rain, hour = 0.0, newest
        while hour + self._lag > now - RAIN_WINDOW:
            if (airport, hour) in self._reports:
                rain += self._reports[airport, hour].rain
            hour -= HOUR
        return {TEMPERATURE: report.temperature if report else None, RAINFALL: rain}


class Departures:
    """All departures, in drawers by joining column, its value and the UTC day of the event."""

    def __init__(self, legs: Sequence[Leg], known_at: Callable[[datetime, int], datetime]) -> None:
        self._drawers: dict[tuple[str, str, date], list[Event]] = defaultdict(list)
        self._legs = {leg.key: leg for leg in legs}
        for leg in legs:
            # A cancelled flight never departs, so it is no event.
            if leg.delay is None:
                continue
            event = Event(known_at(leg.schedule, leg.delay), leg.delay)
            for column, value in leg.joins.items():
                if value is not None:
                    self._drawers[column, value, event.known_at.date()].append(event)

    def features(self, key: str, now: datetime) -> dict[str, Value]:
        """The windows of one flight at one moment."""
        joins = self._legs[key].joins
        values: dict[str, Value] = {}
        for feature, (column, aggregate, window) in WINDOWS.items():
            delays = [event.delay for event in self._between(column, joins[column], now - window, now)]
            if aggregate == "count":
                values[feature] = len(delays)
            else:
                values[feature] = sum(delays) / len(delays) if delays else None
        return values

    def origin(self, key: str) -> str:
        return self._legs[key].joins["origin"] or ""

    def _between(self, column: str, value: str | None, after: datetime, until: datetime) -> Iterator[Event]:
        if value is None:
            return
        day = after.date()
        while day <= until.date():
            for event in self._drawers.get((column, value, day), ()):
                if after < event.known_at <= until:
                    yield event
            day += DAY


def actual(schedule: datetime, delay: int) -> datetime:
    """A departure is known when the aircraft leaves."""
    return schedule + timedelta(minutes=delay)


def scheduled(schedule: datetime, delay: int) -> datetime:
    """The mistake of the twin: the delay is taken as known at the time at which the flight should have left."""
    return schedule


@dataclass(frozen=True)
class Loop:
    """One way to say what was known when."""

    departures: Departures
    weather: Weather

    def features(self, key: str, now: datetime) -> dict[str, Value]:
        """Every checked feature of one flight at one moment."""
        airport = self.departures.origin(key)
        return self.departures.features(key, now) | self.weather.features(airport, now)


def honest_loop(legs: Sequence[Leg], reports: Mapping[tuple[str, datetime], Report]) -> Loop:
    """What was known at each moment: departures when they happened, weather when its hour was over."""
    return Loop(Departures(legs, actual), Weather(reports, HOUR))


def mistaken_twin(legs: Sequence[Leg], reports: Mapping[tuple[str, datetime], Report]) -> Loop:
    """The future slips in: departures when they were scheduled, weather when its hour began."""
    return Loop(Departures(legs, scheduled), Weather(reports, timedelta(0)))


def compare(loop: Loop, spine: Sequence[tuple[str, datetime]], found: Mapping[str, Sequence[Value]]) -> Verdict:
    """Compares `found` (feature -> one value per row of the spine) with what `loop` says."""
    verdict = Verdict(0, [], 0, set(CHECKED))
    for row, (key, now) in enumerate(spine):
        expected = loop.features(key, now)
        wrong = [feature for feature in CHECKED if not _same(expected[feature], found[feature][row])]
        verdict.compared += len(CHECKED)
        verdict.disagreeing_flights += bool(wrong)
        verdict.agreeing_features -= set(wrong)
        verdict.differences += [
            f"{key} at {now:%Y-%m-%d %H:%M}Z: {feature} is {found[feature][row]}, the loop says {expected[feature]}"
            for feature in wrong
        ]
    return verdict


def _same(expected: Value, found: Value) -> bool:
    if found is None or (isinstance(found, float) and math.isnan(found)):
        return expected is None
    if expected is None:
        return False
    if isinstance(expected, int):
        return expected == found
    return math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=1e-12)
