"""Turns the timetable's local clock readings into true UTC instants.

A timetable prints local times: the departure in New York's zone, the arrival in the zone of the destination. What is
known when can only be compared on one clock, so everything is converted once, here.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

# The four destinations that the airports table does not list, all of them islands of the Caribbean. Their zones are
# public knowledge; the airports themselves stay absent from the operational database, as they are from the data.
ZONES_OF_UNLISTED_AIRPORTS = {
    "BQN": "America/Puerto_Rico",
    "PSE": "America/Puerto_Rico",
    "SJU": "America/Puerto_Rico",
    "STT": "America/St_Thomas",
}

ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=1_000_000)
def instant(day: date, clock: int, zone: ZoneInfo) -> datetime:
    """The UTC instant at which a wall clock in `zone` shows `clock` (hours and minutes as in 1545) on `day`.

    2400 is the midnight that ends the day. A reading that occurs twice (autumn) is the first one; one that never
    occurs (spring) is read with the offset of before the change: both are Python's `fold=0`.
    """
    hours, minutes = divmod(clock, 100)
    if minutes > 59 or hours > 24 or (hours == 24 and minutes):
        raise ValueError(f"{clock} is not a clock reading")
    if hours == 24:
        day, hours = day + ONE_DAY, 0
    return datetime.combine(day, time(hours, minutes), tzinfo=zone).astimezone(UTC)


def scheduled_arrival(day: date, clock: int, zone: ZoneInfo, departure: datetime) -> datetime:
    """The first time after `departure` at which the destination's clock shows `clock`.

    The timetable names only the departure's date. Flights of this data take less than 24 hours, so an arrival that
    would lie before the departure is on the next local day.
    """
    arrival = instant(day, clock, zone)
    return arrival if arrival > departure else instant(day + ONE_DAY, clock, zone)


def text(moment: datetime) -> str:
    """ISO-8601 in UTC, such as `2013-01-01T10:15:00Z`; sorts as text in order of time."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(moment: str) -> datetime:
    """The inverse of `text`."""
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
