"""Training sets prefer offline resolvers; online questions never run them."""

from creta import Now, offline, online
from creta.features import Primary, _, feature, features


@features
class Route:
    id: Primary[int]
    distance: float
    only_offline: float
    filled_by_batch: float = feature(max_staleness="1d")
    unit: str = feature(expression=_.origin, offline_expression=_.origin + " (history)")
    origin: str


@online
def distance_now(id: Route.id) -> Route.distance:
    return float(id)


@offline
def distance_then(id: Route.id) -> Route.distance:
    return id * 1000.0


@offline
def only_then(id: Route.id, now: Now) -> Route.only_offline:
    return float(now.year)


@online
def origin(id: Route.id) -> Route.origin:
    return f"route {id}"


@offline
def filled_by_batch(id: Route.id) -> Route.filled_by_batch:
    return id * 10.0
