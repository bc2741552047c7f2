"""Duplicates: the greatest feature time wins, then the last in source order."""

from creta.features import FeatureTime, Primary, _, feature, features
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Captain:
    id: Primary[int]
    name: str


@features
class Rank:
    id: Primary[int]
    title: str
    since: FeatureTime
