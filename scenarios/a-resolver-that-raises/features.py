"""What fails, what depends on it, and what does not."""

from creta import online
from creta.features import Primary, _, feature, features
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Order:
    id: Primary[int]
    amount: float
    quotient: float
    remainder: float = feature(default=-1.0)
    described: str
    guarded: str
    forgiving: float
    doubled: float = feature(expression=_.quotient * 2)
    unrelated: float = feature(expression=_.amount + 1)


@online
def quotient(amount: Order.amount) -> Order.quotient:
    return 100 / amount


@online
def remainder(amount: Order.amount) -> Order.remainder:
    return 100 % amount


@online
def described(quotient: Order.quotient) -> Order.described:
    return f"{quotient:.1f}"


@online
def guarded(quotient: Order.quotient | None) -> Order.guarded:
    return "unknown" if quotient is None else "known"


@online
def forgiving(quotient: Order.quotient = 0.5) -> Order.forgiving:
    return quotient + 1
