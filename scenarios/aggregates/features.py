"""Every aggregate over values with nulls, over nulls only, and over nothing: the table of framework 4.2."""

from creta.features import DataFrame, Primary, _, feature, features
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Box:
    id: Primary[int]
    contents: "DataFrame[Item]"
    total: int = feature(expression=_.contents[_.weight].sum())
    total_price: float = feature(expression=_.contents[_.price].sum())
    mean: float | None = feature(expression=_.contents[_.weight].mean())
    smallest: int | None = feature(expression=_.contents[_.weight].min())
    largest: int | None = feature(expression=_.contents[_.weight].max())
    rows: int = feature(expression=_.contents.count())
    weights: int = feature(expression=_.contents[_.weight].count())
    deviation: float | None = feature(expression=_.contents[_.weight].std())
    variance: float | None = feature(expression=_.contents[_.weight].var())
    any_fragile: bool = feature(expression=_.contents[_.fragile].any())
    all_fragile: bool = feature(expression=_.contents[_.fragile].all())
    heaviest: str | None = feature(expression=_.contents[_.name].max_by(_.weight))
    lightest: str | None = feature(expression=_.contents[_.name].min_by(_.weight))
    heavy: int = feature(expression=_.contents[_.weight > 4].count())
    heavy_total: int = feature(expression=_.contents[_.weight, _.weight > 4].sum())


@features
class Item:
    id: Primary[int]
    box_id: Box.id
    name: str
    weight: int | None
    price: float | None
    fragile: bool | None
