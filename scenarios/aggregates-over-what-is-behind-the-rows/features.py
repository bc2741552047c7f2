"""Filters and projections that read through has-one relationships, siblings' windows and the outer row."""

from creta.features import DataFrame, FeatureTime, Primary, Windowed, _, feature, features, windowed
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Shop:
    id: Primary[int]
    city: str


@features
class Customer:
    id: Primary[int]
    city: str
    purchases: "DataFrame[Purchase]"
    spent: Windowed[float] = windowed("1d", "7d", expression=_.purchases[_.amount, _.at > _.creta_window].sum())
    share: Windowed[float] = windowed("1d", expression=_.spent[_.creta_window] / (_.spent["7d"] + 1))
    spent_in_oslo: float = feature(expression=_.purchases[_.amount, _.city == "Oslo"].sum())
    spent_in_rome: float = feature(expression=_.purchases[_.amount, _.shop.city == "Rome"].sum())
    with_tax: float = feature(expression=_.purchases[_.taxed].sum())


@features
class Purchase:
    id: Primary[int]
    customer_id: Customer.id
    shop_id: Shop.id
    shop: Shop
    city: str = feature(expression=_.shop.city)
    amount: float
    taxed: float = feature(expression=_.amount * 1.5)
    at: FeatureTime
