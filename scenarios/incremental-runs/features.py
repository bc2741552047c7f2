"""Totals of a terminal that nobody asks for online: runs of the resolver fill the stores."""

from creta.features import FeatureTime, Primary, feature, features
from creta.sql import SQLiteSource

terminal = SQLiteSource(name="terminal", path="facts.db")


@features
class Berth:
    id: Primary[str]
    teu: int = feature(max_staleness="infinity")
    changed: FeatureTime
