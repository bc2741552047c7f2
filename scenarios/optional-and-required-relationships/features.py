"""A relationship that may be absent yields nulls all the way; one that must be there fails what reads it."""

from creta import online
from creta.features import DataFrame, Primary, _, feature, features, has_one
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Harbour:
    id: Primary[str]
    country: str
    berths: "DataFrame[Berth]"


@features
class Berth:
    id: Primary[int]
    length: float
    harbour_id: "Harbour.id"
    harbour: Harbour


@features
class Ship:
    id: Primary[int]
    home_id: int | None
    berth_id: int | None
    home: Berth = has_one(lambda: Ship.home_id == Berth.id)
    berth: Berth | None = has_one(lambda: Ship.berth_id == Berth.id)
    berth_length: float | None = feature(expression=_.berth.length)
    country: str | None = feature(expression=_.berth.harbour.country)
    berths_there: int | None = feature(expression=_.berth.harbour.berths.count())
    home_length: float = feature(expression=_.home.length)
    note: str
    home_note: str


@online
def note(length: Ship.berth.length) -> Ship.note:
    return "no berth" if length is None else f"berth of {length} m"


@online
def home_note(length: Ship.home.length) -> Ship.home_note:
    return f"home of {length} m"
