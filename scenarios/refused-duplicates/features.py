"""Duplicates that a resolver promises not to return: what they would decide is an error."""

from creta.features import DataFrame, FeatureTime, Primary, _, features, has_many, has_one
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Captain:
    id: Primary[int]
    name: str
    badge: str
    rank: "Rank" = has_one(lambda: Rank.badge == Captain.badge)
    rank_title: str = _.rank.title
    ranks: "DataFrame[Rank]" = has_many(lambda: Rank.badge == Captain.badge)
    rank_count: int = _.ranks.count()


@features
class Rank:
    id: Primary[int]
    badge: str
    title: str
    since: FeatureTime
