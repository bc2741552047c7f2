"""Calls per berth within a window: each reading chooses one berth, by a constant or by a feature of the vessel."""

from creta import online
from creta.features import DataFrame, FeatureTime, Primary, Windowed, _, feature, features, group_by_windowed
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Vessel:
    id: Primary[int]
    home_berth_id: int | None
    calls: "DataFrame[Call]"
    visits: Windowed[int] = group_by_windowed(
        "1d", "all", expression=_.calls[_.at > _.creta_window, _.at <= _.creta_now].group_by(_.berth_id).count()
    )
    moved: Windowed[float] = group_by_windowed(
        "1d", expression=_.calls[_.teu, _.at > _.creta_window].group_by(_.berth_id).max(), default=-1.0
    )
    visits_of_four: int = feature(expression=_.visits["1d", _.berth_id == 4])
    visits_of_home: int = feature(expression=_.visits["all", _.berth_id == _.home_berth_id])
    moved_at_home: float = feature(expression=_.moved["1d", _.berth_id == _.home_berth_id])
    share: str


@features
class Call:
    id: Primary[int]
    vessel_id: Vessel.id
    berth_id: int | None
    teu: float
    at: FeatureTime


@online
def share(four: Vessel.visits["1d", Call.berth_id == 4], five: Vessel.visits["1d", Call.berth_id == 5]) -> Vessel.share:
    return f"{four}:{five}"
