"""Windows whose edges the user wrote, the example of framework 5."""

from creta.features import DataFrame, FeatureTime, Primary, Windowed, _, features, windowed
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Crane:
    id: Primary[int]
    lifts: "DataFrame[Lift]"
    open_closed: Windowed[int] = windowed(
        "1h", "all", expression=_.lifts[_.tons, _.at > _.creta_window, _.at <= _.creta_now].sum()
    )
    open_open: Windowed[int] = windowed(
        "1h", expression=_.lifts[_.tons, _.at > _.creta_window, _.at < _.creta_now].sum()
    )
    closed_closed: Windowed[int] = windowed("1h", expression=_.lifts[_.tons, _.at >= _.creta_window].sum())
    latest: Windowed[int | None] = windowed("1h", expression=_.lifts[_.tons, _.at > _.creta_window].max_by(_.at))


@features
class Lift:
    id: Primary[int]
    crane_id: Crane.id
    tons: int
    at: FeatureTime
