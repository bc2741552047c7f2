"""Sampled, recomputed, and recomputed in part, the example of framework 10."""

from creta.features import FeatureTime, Primary, _, feature, features
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Berth:
    id: Primary[int]
    length: float
    capacity: float = feature(expression=_.length * 2)
    surveyed_at: FeatureTime
