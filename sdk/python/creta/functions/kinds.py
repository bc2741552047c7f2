"""The names of types in signatures of functions. An argument is an expression or a constant of such a type."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any


@dataclass(frozen=True, repr=False)
class Kind:
    """How a signature names a type."""

    name: str

    def __repr__(self) -> str:
        return self.name


if TYPE_CHECKING:
    # Expressions stand wherever values do, so that a type checker can require nothing.
    Bool = Bytes = Choice = Date = Datetime = Day = Float = Int = Item = List = Map = Name = Number = Numbers = Any
    Function = Order = Rows = Same = Str = Strs = Struct = Timedelta = Value = Any
else:
    Bool, Bytes, Str, Int, Float = map(Kind, ("bool", "bytes", "str", "int", "float"))
    Date, Datetime, Timedelta = map(Kind, ("date", "datetime", "timedelta"))
    Number, Day = Kind("int | float"), Kind("date | datetime")
    List, Strs, Numbers, Map, Struct = map(Kind, ("list", "list[str]", "list[int | float]", "dict", "struct"))
    # A function of the user's; an order of rows; a choice that goes on with `then`.
    Function, Order, Choice = map(Kind, ("function", "order", "choice"))
    # Any type; the type of the first such argument; the type of a list's items; rows of a has-many relationship.
    Value, Same, Item, Rows, Name = map(Kind, ("any", "same", "item", "rows", "type"))
