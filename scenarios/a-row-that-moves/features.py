"""Containers that move from yard to yard: which one counts where is settled before the join."""

from creta.features import DataFrame, FeatureTime, Primary, _, feature, features, has_one
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Yard:
    id: Primary[int]
    containers: "DataFrame[Container]"
    count: int = feature(expression=_.containers.count())
    tons: int = feature(expression=_.containers[_.tons].sum())
    labels: "DataFrame[Label]"
    label_count: int = feature(expression=_.labels.count())
    crane_name: str | None
    crane: "Crane | None" = has_one(lambda: Yard.crane_name == Crane.name)


@features
class Container:
    id: Primary[int]
    yard_id: Yard.id
    tons: int
    at: FeatureTime


@features
class Label:
    id: Primary[int]
    yard_id: Yard.id


@features
class Crane:
    id: Primary[int]
    name: str
    reach: int
    at: FeatureTime
