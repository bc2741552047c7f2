"""Python resolvers of every shape."""

from typing import Optional

from creta import Features, NamedQuery, Now, offline, online
from creta.features import DataFrame, after
from features import PortCall, Vessel


@online(tags=["src:live"], timeout="250ms", owner="risk@port.example")
def risk(
    flag: Vessel.flag,
    calls: Vessel.calls[PortCall.teu, PortCall.detained == True, after(days_ago=365)],  # noqa: E712
    score: Optional[Vessel.score] = -1.0,
    teu: Vessel.teu["30d"] = 0.0,
) -> Features[Vessel.risk, Vessel.risk_reason]:
    """How likely the ship is to be held."""
    if score is not None and score > 1000:
        raise ValueError("the score is too high")
    return Vessel(risk=float(calls.sum()) + teu, risk_reason=flag.name)


@online
async def name_length(name: Vessel.berth.name, now: Now) -> Vessel.score:
    return float(len(name)) + now.year


@offline(environment="production")
def fees(rows: DataFrame[Vessel.id, Vessel.draft_m, Now]) -> DataFrame[Vessel.id, Vessel.fee]:
    frame = rows.to_pandas()
    return DataFrame({Vessel.id: frame["vessel.id"], Vessel.fee: frame["vessel.draft_m"] * 2})


@offline
def all_calls() -> DataFrame[PortCall]:
    return [PortCall(id=1, vessel_id=7, teu=3, detained=False, ts=None)]


NamedQuery(
    name="risk", version="1.0.0", input=[Vessel.id], output=[Vessel.risk, Vessel.teu], staleness={Vessel.risk: "5m"}
)
