"""Rows with a feature time are bounded by now without a word; a plain datetime bounds nothing."""

from datetime import datetime

from creta.features import DataFrame, FeatureTime, Primary, Windowed, _, features, windowed
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Berth:
    id: Primary[int]
    visits: "DataFrame[Visit]"
    bookings: "DataFrame[Booking]"
    visited: int = _.visits.count()
    booked: int = _.bookings.count()
    visited_lately: Windowed[int] = windowed("1d", expression=_.visits[_.at > _.creta_window].count())
    booked_lately: Windowed[int] = windowed("1d", expression=_.bookings[_.at > _.creta_window].count())
    booked_until_now: Windowed[int] = windowed(
        "1d", expression=_.bookings[_.at > _.creta_window, _.at <= _.creta_now].count()
    )


@features
class Visit:
    id: Primary[int]
    berth_id: Berth.id
    at: FeatureTime


@features
class Booking:
    id: Primary[int]
    berth_id: Berth.id
    at: datetime
