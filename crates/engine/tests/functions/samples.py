"""Values that break careless functions, shared by the families."""

import math
from datetime import UTC, date, datetime

# Empty, plain, ß and final sigma, dotted and dotless i, combining accent, a family of emoji, CJK, spaces of all sorts.
TEXTS = (
    "Creta",
    "",
    None,
    "Straße",
    "ΟΔΟΣ",
    "İstanbul ı",
    "cafe\u0301",
    "👩‍👩‍👧 ok",
    "港口",
    " \t pad \u00a0\u3000\n",
    "a\u0000b",
)

NUMBERS = (1.5, 0.0, -0.0, None, -2.25, 1e-300, 1e300, math.inf, -math.inf, math.nan, 0.1, 123456.789)
WHOLES = (7, 0, None, -7, 2**53 + 1, 2**63 - 1, -(2**63), 1, -1)


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, micro, UTC)


DATES = (
    date(2024, 2, 29),
    date(1, 1, 1),
    None,
    date(9999, 12, 31),
    date(1970, 1, 1),
    date(1969, 12, 31),
    date(2000, 2, 28),
    date(1900, 2, 28),
    date(2020, 12, 31),
    date(2021, 1, 3),
    date(2021, 1, 4),
    date(2024, 12, 30),
    date(2023, 4, 30),
    date(2023, 8, 15),
)
TIMES = (
    at(2024, 2, 29, 23, 59, 59, 999_999),
    at(1, 1, 1),
    None,
    at(9999, 12, 31, 23, 59, 59, 999_999),
    at(1970, 1, 1),
    at(1969, 12, 31, 23, 59, 59, 999_999),
    at(2024, 3, 10, 6, 59, 59),
    at(2024, 3, 10, 7),
    at(2024, 11, 3, 5, 30),
    at(2024, 11, 3, 6, 30),
    at(2021, 1, 3, 12),
    at(2023, 6, 15, 0, 0, 0, 1),
)
