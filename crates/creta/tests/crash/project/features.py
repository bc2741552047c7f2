"""A value that is uploaded and one that is computed from it."""

from creta.features import Primary, _, feature, features


@features
class Probe:
    id: Primary[int]
    value: int = feature(max_staleness="infinity")
    doubled: int = feature(expression=_.value * 2)
