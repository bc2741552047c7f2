"""A vessel whose calls a caller may give itself: they replace what the database lists, and nothing else changes."""

from creta.features import DataFrame, FeatureTime, Primary, _, feature, features
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Berth:
    id: Primary[int]
    depth_m: float


@features
class Vessel:
    id: Primary[int]
    capacity: int
    calls: "DataFrame[Call]"
    count: int = feature(expression=_.calls.count(), max_staleness="1h")
    moved: int = feature(expression=_.calls[_.moved].sum())
    moved_at_four: int | None = feature(expression=_.calls[_.moved, _.berth_id == 4].max())
    deepest: float | None = feature(expression=_.calls[_.berth.depth_m].max())
    share: float | None = feature(expression=_.calls[_.share].max())
    berthed: float | None = feature(expression=_.calls[_.moved, _.berth.depth_m >= 0].mean())


@features
class Call:
    id: Primary[int]
    vessel_id: Vessel.id
    vessel: Vessel
    berth_id: Berth.id
    berth: "Berth | None"
    moved: int
    share: float | None = feature(expression=_.moved / _.vessel.capacity)
    at: FeatureTime
