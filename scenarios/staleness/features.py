"""How old a stored value may be, the example of framework 8."""

from creta import online
from creta.features import FeatureTime, Primary, feature, features
from creta import Now


@features
class Voyage:
    id: Primary[int]
    eta: str = feature(max_staleness="10m")
    live: str
    known_at: FeatureTime


@online
def eta(now: Now) -> Voyage.eta:
    return f"computed {now:%H:%M:%S}"


@online
def live(now: Now) -> Voyage.live:
    return f"live {now:%H:%M:%S}"
