"""Values that the caller gives win over everything, and what is computed from them is never cached."""

from creta import online
from creta.features import Primary, _, feature, features
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Quote:
    id: Primary[int]
    weight: float = feature(max_staleness="1h")
    price: float = feature(max_staleness="1h")
    label: str = feature(expression=_.prefix + "!")
    prefix: str


@online
def price(weight: Quote.weight) -> Quote.price:
    return weight * 2
