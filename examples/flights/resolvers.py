"""Two features that are easier to say in Python than in SQL: one computed row by row, one for a whole batch."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from creta import online
from creta.features import DataFrame

from features import Flight

NEW_YORK = ZoneInfo("America/New_York")

# The days around which people fly in 2013.
HOLIDAYS = (
    date(2013, 1, 1),
    date(2013, 1, 21),
    date(2013, 2, 18),
    date(2013, 3, 31),
    date(2013, 5, 27),
    date(2013, 7, 4),
    date(2013, 9, 2),
    date(2013, 10, 14),
    date(2013, 11, 28),
    date(2013, 12, 25),
    date(2014, 1, 1),
)


@online
def days_to_holiday(scheduled_departure: Flight.scheduled_departure) -> Flight.days_to_holiday:
    """Days between the flight and the nearest holiday, before or after."""
    day = scheduled_departure.astimezone(NEW_YORK).date()
    return min(abs((holiday - day).days) for holiday in HOLIDAYS)


@online
def wind_on_route(
    flights: DataFrame[
        Flight.id,
        Flight.origin_airport.latitude,
        Flight.origin_airport.longitude,
        Flight.destination_airport.latitude,
        Flight.destination_airport.longitude,
        Flight.weather.wind_direction,
        Flight.weather.wind_speed,
    ],
) -> DataFrame[Flight.id, Flight.heading_degrees, Flight.headwind]:
    """The compass heading of the great circle to the destination, and the wind against it in miles per hour."""
    frame = flights.to_pandas()

    def column(feature):
        return frame[str(feature)].to_numpy(dtype=float, na_value=np.nan)

    from_latitude = np.radians(column(Flight.origin_airport.latitude))
    to_latitude = np.radians(column(Flight.destination_airport.latitude))
    eastward = np.radians(column(Flight.destination_airport.longitude) - column(Flight.origin_airport.longitude))
    heading = np.degrees(
        np.arctan2(
            np.sin(eastward) * np.cos(to_latitude),
            np.cos(from_latitude) * np.sin(to_latitude)
            - np.sin(from_latitude) * np.cos(to_latitude) * np.cos(eastward),
        )
    )
    # Stations report where the wind comes from, so wind from ahead is positive.
    angle = np.radians(column(Flight.weather.wind_direction) - heading)
    headwind = column(Flight.weather.wind_speed) * np.cos(angle)
    return DataFrame(
        {
            Flight.id: frame[str(Flight.id)].tolist(),
            Flight.heading_degrees: none_for_nan(heading % 360.0),
            Flight.headwind: none_for_nan(headwind),
        }
    )


def none_for_nan(values: np.ndarray) -> list[float | None]:
    """An unknown airport or wind makes an unknown answer, which is None and not a number."""
    return [None if np.isnan(value) else float(value) for value in values]
