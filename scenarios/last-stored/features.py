"""What was stored last, of a feature that is computed anew and of one that somebody uploads."""

from typing import Optional

from creta import Last, Now, online
from creta.features import Primary, feature, features


@features(max_staleness="1h")
class Meter:
    id: Primary[int]
    reading: int = feature(max_staleness="infinity")
    visits: int = feature(max_staleness="1m")
    change: int
    shown: str = feature(max_staleness="0s")


@online
def visits(key: Meter.id, before: Last[Meter.visits] = 0) -> Meter.visits:
    return before + 1


@online
def change(before: Last[Meter.reading]) -> Meter.change:
    return before * 2


@online
def shown(now: Now, before: Optional[Last[Meter.reading]]) -> Meter.shown:
    return f"{before} before {now.hour}"
