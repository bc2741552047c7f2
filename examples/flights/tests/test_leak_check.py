"""The leak check sees what it must see: its own values, a changed value, and a loop that peeks ahead."""

from datetime import UTC, datetime, timedelta

from walkthrough.leak_check import (
    CHECKED,
    RAINFALL,
    TEMPERATURE,
    Departures,
    Leg,
    Report,
    actual,
    compare,
    honest_loop,
    mistaken_twin,
)

NOON = datetime(2013, 5, 1, 12, tzinfo=UTC)
MEAN, COUNT = "flight.carrier.mean_delay__3600__", "flight.origin_airport.departure_count__3600__"


def leg(key: str, minutes: int, delay: int | None, tail: str | None = "N1") -> Leg:
    joins = {"carrier": "UA", "tailnum": tail, "origin": "EWR"}
    return Leg(key, joins, NOON + timedelta(minutes=minutes), delay)


def test_window_excludes_its_beginning_and_includes_now() -> None:
    legs = [leg("old", -60, 0), leg("young", -59, 1), leg("now", -10, 10), leg("next", -10, 11)]
    values = Departures(legs, actual).features("now", NOON)
    assert values[COUNT] == 2
    assert values[MEAN] == 5.5


def test_cancelled_flights_never_depart_and_missing_tail_numbers_never_match() -> None:
    legs = [leg("cancelled", -30, None), leg("left", -30, 0, tail=None)]
    values = Departures(legs, actual).features("left", NOON)
    assert values[COUNT] == 1
    assert values["flight.aircraft_delay__86400__"] is None


def test_weather_is_known_at_the_end_of_its_hour() -> None:
    reports = {("EWR", NOON - timedelta(hours=hours)): Report(50.0 + hours, float(hours)) for hours in range(10)}
    loop = honest_loop([leg("asked", 120, 0)], reports)
    values = loop.features("asked", NOON + timedelta(minutes=59))
    # The hour that began at noon is not over, so the newest is the one that began at eleven.
    assert values[TEMPERATURE] == 51.0
    assert values[RAINFALL] == 1 + 2 + 3 + 4 + 5 + 6
    assert loop.features("asked", NOON + timedelta(hours=1))[TEMPERATURE] == 50.0
    twin = mistaken_twin([leg("asked", 120, 0)], reports)
    assert twin.features("asked", NOON + timedelta(minutes=59))[TEMPERATURE] == 50.0


def test_compare_finds_a_changed_value_a_false_null_and_the_twin() -> None:
    # Scheduled before noon, left after it: at noon nobody could know of the delay.
    legs = [leg("asked", 120, 0), leg("late", -10, 45), leg("punctual", -20, 0)]
    loop = honest_loop(legs, {})
    spine = [("asked", NOON)]
    found = {feature: [value] for feature, value in loop.features("asked", NOON).items()}

    assert compare(loop, spine, found).differences == []
    assert compare(mistaken_twin(legs, {}), spine, found).disagreeing_flights == 1
    assert len(compare(loop, spine, {**found, COUNT: [2]}).differences) == 1
    assert len(compare(loop, spine, {**found, MEAN: [None]}).differences) == 1
    assert compare(loop, spine, found).compared == len(CHECKED)
