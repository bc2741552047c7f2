"""A class whose columns come from two statements: one says which rows there are, the other adds to them."""

from creta.features import DataFrame, Primary, _, features, has_many
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Pier:
    id: Primary[int]
    ships: "DataFrame[Ship]" = has_many(lambda: Ship.pier_id == Pier.id)
    count: int = _.ships.count()
    load: int = _.ships[_.load].sum()
    named: int = _.ships[_.name == "known"].count()


@features
class Ship:
    id: Primary[int]
    pier_id: int
    load: int
    name: str
