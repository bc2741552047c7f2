"""Rows dated after the present: hidden where the class has a feature time, visible where it has none."""

from datetime import datetime

from creta.features import DataFrame, FeatureTime, Primary, _, feature, features
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Lock:
    id: Primary[int]
    passages: "DataFrame[Passage]"
    bookings: "DataFrame[Booking]"
    passage_count: int = feature(expression=_.passages.count())
    last_boat: str | None = feature(expression=_.passages[_.boat].max_by(_.at))
    booking_count: int = feature(expression=_.bookings.count())
    past_booking_count: int = feature(expression=_.bookings[_.at <= _.creta_now].count())


@features
class Passage:
    id: Primary[int]
    lock_id: Lock.id
    boat: str
    at: FeatureTime


@features
class Booking:
    id: Primary[int]
    lock_id: Lock.id
    at: datetime
