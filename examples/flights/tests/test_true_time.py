"""Local clock readings become the right UTC instants, also at midnight, across zones and when clocks change."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from walkthrough.true_time import NEW_YORK, instant, parse, scheduled_arrival, text

LOS_ANGELES = ZoneInfo("America/Los_Angeles")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (date(2013, 1, 1), 515, utc(2013, 1, 1, 10, 15)),
        (date(2013, 7, 1), 515, utc(2013, 7, 1, 9, 15)),
        (date(2013, 1, 1), 2359, utc(2013, 1, 2, 4, 59)),
        (date(2013, 1, 1), 2400, utc(2013, 1, 2, 5, 0)),
        (date(2013, 1, 1), 0, utc(2013, 1, 1, 5, 0)),
        # The hour that occurs twice is the first one, the hour that never occurs has the offset of before.
        (date(2013, 11, 3), 130, utc(2013, 11, 3, 5, 30)),
        (date(2013, 3, 10), 230, utc(2013, 3, 10, 7, 30)),
    ],
)
def test_instant(day: date, clock: int, expected: datetime) -> None:
    assert instant(day, clock, NEW_YORK) == expected


@pytest.mark.parametrize("clock", [2401, 1260, 2500])
def test_impossible_clock_readings_are_refused(clock: int) -> None:
    with pytest.raises(ValueError, match="clock reading"):
        instant(date(2013, 1, 1), clock, NEW_YORK)


def test_arrival_is_read_in_the_zone_of_the_destination() -> None:
    departure = utc(2013, 1, 1, 14, 0)
    assert scheduled_arrival(date(2013, 1, 1), 1215, LOS_ANGELES, departure) == utc(2013, 1, 1, 20, 15)


def test_arrival_after_midnight_is_on_the_next_local_day() -> None:
    departure = utc(2013, 1, 2, 1, 40)
    assert scheduled_arrival(date(2013, 1, 1), 12, LOS_ANGELES, departure) == utc(2013, 1, 2, 8, 12)


def test_next_local_day_is_23_hours_long_when_clocks_go_forward() -> None:
    departure = utc(2013, 3, 10, 2, 0)
    assert scheduled_arrival(date(2013, 3, 9), 400, NEW_YORK, departure) == utc(2013, 3, 10, 8, 0)


def test_text_sorts_like_time_and_reads_back() -> None:
    early, late = utc(2013, 9, 30, 23, 59), utc(2013, 10, 1)
    assert text(early) < text(late)
    assert parse(text(early)) == early
