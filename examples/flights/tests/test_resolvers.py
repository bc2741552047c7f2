"""The Python resolvers are plain functions: called here without a server."""

from datetime import UTC, datetime

import pytest
from creta.features import DataFrame

from features import Flight
from resolvers import days_to_holiday, wind_on_route


@pytest.mark.parametrize(
    ("departure", "days"),
    [
        (datetime(2013, 7, 4, 12, tzinfo=UTC), 0),
        (datetime(2013, 7, 1, 12, tzinfo=UTC), 3),
        # In New York it is still the third of July.
        (datetime(2013, 7, 4, 2, tzinfo=UTC), 1),
        (datetime(2013, 12, 31, 12, tzinfo=UTC), 1),
    ],
)
def test_days_to_holiday(departure: datetime, days: int) -> None:
    assert days_to_holiday(departure) == days


def test_wind_on_route() -> None:
    kennedy, los_angeles = (40.64, -73.78), (33.94, -118.41)
    result = wind_on_route(
        DataFrame(
            {
                Flight.id: ["west", "nowhere", "calm"],
                Flight.origin_airport.latitude: [kennedy[0]] * 3,
                Flight.origin_airport.longitude: [kennedy[1]] * 3,
                Flight.destination_airport.latitude: [los_angeles[0], None, los_angeles[0]],
                Flight.destination_airport.longitude: [los_angeles[1], None, los_angeles[1]],
                Flight.weather.wind_direction: [270, 270, None],
                Flight.weather.wind_speed: [20.0, 20.0, 0.0],
            }
        )
    ).to_pandas()
    headings = result[str(Flight.heading_degrees)].tolist()
    headwinds = result[str(Flight.headwind)].tolist()
    assert result[str(Flight.id)].tolist() == ["west", "nowhere", "calm"]
    assert headings[0] == pytest.approx(273.9, abs=0.5)
    assert headwinds[0] == pytest.approx(20.0, abs=0.1)
    # An unknown airport has no heading, and a wind without a direction is neither with nor against.
    assert headings[1] != headings[1] or headings[1] is None
    assert headwinds[2] != headwinds[2] or headwinds[2] is None
