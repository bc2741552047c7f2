"""A feature with versions: each has its own definition and its own history, the bare name means the default."""

from creta import online
from creta.features import FeatureTime, Primary, _, feature, features


@features
class Cargo:
    id: Primary[int]
    weight: float | None = feature(max_staleness="infinity", version=2, default_version=2)
    risk: int = feature(
        versions={1: feature(max_staleness="infinity"), 2: feature(expression=_.grade * 10), 3: feature(default=-1)},
        default_version=2,
    )
    grade: int = feature(max_staleness="infinity")
    both: int = feature(expression=_.risk - _.risk @ 1)
    seen_at: FeatureTime


@online
def first(grade: Cargo.grade) -> Cargo.risk @ 1:
    return grade


@online
def echo(risk: Cargo.risk @ 1, newest: Cargo.risk) -> Cargo.risk @ 3:
    return risk * 1000 + newest
