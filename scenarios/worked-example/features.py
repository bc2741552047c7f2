"""Container ships and their calls, the example of framework 10.1."""

from creta import online
from creta.features import DataFrame, FeatureTime, Primary, Windowed, _, feature, features, windowed
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class PortCall:
    id: Primary[int]
    vessel_id: "Vessel.id"
    teu: float
    ts: FeatureTime


@features
class Vessel:
    id: Primary[int]
    calls: "DataFrame[PortCall]"
    teu: Windowed[float] = windowed("7d", "30d", expression=_.calls[_.teu, _.ts > _.creta_window].sum())
    risk: int = feature(max_staleness="1h")


@online
def risk(teu: Vessel.teu["30d"]) -> Vessel.risk:
    return 1 if teu > 120 else 0
