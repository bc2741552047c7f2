"""Joins over several columns."""

from creta.features import DataFrame, Primary, _, feature, features, has_many, has_one
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Tariff:
    id: Primary[int]
    harbour: str
    kind: str
    price: float


@features
class Visit:
    id: Primary[int]
    harbour: str
    kind: str | None
    tariff: Tariff | None = has_one(lambda: (Visit.harbour == Tariff.harbour) & (Visit.kind == Tariff.kind))
    price: float | None = feature(expression=_.tariff.price)
    alike: DataFrame[Tariff] = has_many(lambda: Visit.harbour == Tariff.harbour)
    dearest: float | None = feature(expression=_.alike[_.price].max())
