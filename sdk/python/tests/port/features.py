"""Ships, berths and calls: one of everything that a feature class can say."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

import creta.functions as F
from creta.features import (
    DataFrame,
    FeatureTime,
    Primary,
    Vector,
    Windowed,
    _,
    __,
    after,
    feature,
    features,
    has_many,
    has_one,
    windowed,
)


class Flag(Enum):
    PANAMA = "PA"
    MALTA = "MT"


@dataclass
class Engine:
    maker: str
    built: date | None


@features(owner="ops@port.example", tags=["fleet"], max_staleness="1h")
class Vessel:
    id: int
    # Where the ship is registered.
    # :owner: registry@port.example
    # :tags: legal, slow
    flag: Flag
    draft_m: float | None
    engine: Engine | None
    berth_id: "Berth.id | None"
    berth: "Berth | None"
    calls: "DataFrame[PortCall]"
    master: "Person" = has_one(lambda: (Person.id == Vessel.master_id) & (Person.flag == Vessel.flag))
    master_id: str
    is_deep: bool = _.draft_m > 12
    fee: float = feature(default=0, max_staleness="0s", tags="billing", cache_nulls=False, offline_ttl="20d")
    renamed: str = feature(name="old_name", default="x", description="Kept under its old name.")
    shout: str = F.upper(_.renamed)
    neighbours: int = _.berth.vessels[_.id != __.id].count()
    teu: Windowed[float] = windowed(
        "1h", "30d", "infinity", expression=_.calls[_.teu, _.ts > _.creta_window].sum(), default=0.0
    )
    recent_teu: float = _.calls[_.teu, after(days_ago=2, index=_.ts)].sum()
    size: str = F.when(_.teu["30d"] > 100).then("large").otherwise("small")
    top: int | None = _.calls[_.teu].where(_.teu > 0).max_by(_.ts)
    embedding: Vector[3]
    names: list[str]
    counts: dict[str, int]
    laid_down: date
    voyage: timedelta
    risk: float
    risk_reason: str | None
    score: float


@features
class Berth:
    id: Primary[int]
    name: str
    vessels: "DataFrame[Vessel]"


@features(name="crew")
class Person:
    id: str
    flag: Flag


@features(etl_offline_to_online=True)
class PortCall:
    id: int
    vessel_id: Vessel.id
    teu: int
    detained: bool
    ts: datetime


@features(singleton=True)
class Port:
    open: bool


Vessel.double_fee: float = _.fee * 2
