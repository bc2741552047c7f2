"""Observations dated after the present wait offline; they are never served early."""

from creta.features import FeatureTime, Primary, feature, features


@features
class Berth:
    id: Primary[int]
    length: float = feature(max_staleness="infinity")
    surveyed_at: FeatureTime
