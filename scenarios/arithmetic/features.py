"""Python's arithmetic on values that are there, nulls that propagate, and rows that fail."""

from creta.features import Primary, _, feature, features
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Pair:
    id: Primary[int]
    a: int | None
    b: int | None
    x: float | None
    true_quotient: float | None = feature(expression=_.a / _.b)
    floor_quotient: int | None = feature(expression=_.a // _.b)
    modulo: int | None = feature(expression=_.a % _.b)
    product: int | None = feature(expression=_.a * _.b)
    mixed: float | None = feature(expression=_.a * _.x - 1)
    floor_float: float | None = feature(expression=_.x // 2)
    modulo_float: float | None = feature(expression=_.x % 2)
    is_less: bool | None = feature(expression=_.a < _.b)
    both: bool | None = feature(expression=(_.a > 0) & (_.b > 0))
    either: bool | None = feature(expression=(_.a > 0) | (_.b > 0))
    negated: int | None = feature(expression=-_.a)
    common_bits: int | None = feature(expression=_.a & _.b)
    all_bits: int | None = feature(expression=_.a | _.b)
    other_bits: int | None = feature(expression=_.a ^ _.b)
    no_bits: int | None = feature(expression=~_.a)
    moved_left: int | None = feature(expression=_.a << _.b)
    moved_right: int | None = feature(expression=_.a >> _.b)
