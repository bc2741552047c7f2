"""Mathematics: CPython's math and decimal, numpy where CPython raises on overflow, PostgreSQL's width_bucket."""

import math
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import numpy
from cases import Column, Constant, bools, case, floats, ints, strs, whole
from samples import DATES, NUMBERS, WHOLES

# Libraries of mathematical functions differ in the last digit.
LAST_DIGIT = 1e-15
DOMAIN = (0.5, 1.0, -1.0, 0.0, -0.0, None, 2.0, -2.0, 1e-10, math.inf, -math.inf, math.nan)
LARGE = (1.0, 0.0, None, -1.0, 700.0, 710.0, -750.0, math.inf, -math.inf, math.nan, 1e-20, 30.0)


def cases() -> Iterator[dict]:
    yield from whole_parts()
    yield from rounding()
    yield from one_argument()
    yield from two_arguments()
    yield from choices()
    yield from statistics()
    yield from bits()


def whole_parts() -> Iterator[dict]:
    yield case("abs", "CPython abs", abs, [ints(-7)], "int")
    yield case("sign", "numpy.sign", lambda x: int(numpy.sign(x)), [ints(-7)], "int")
    for name, compute in (("floor", math.floor), ("ceil", math.ceil)):
        edges = (2.5, -2.5, None, -0.0, 0.1, -0.1, 1e15 + 0.5, 2.0**62, 2.0**63, -(2.0**63), math.nan, math.inf)
        yield case(name, f"CPython math.{name}", compute, [Column("float", edges)], "int")
        yield case(name, f"CPython math.{name}", compute, [Column("int", WHOLES)], "int")
    yield case("abs", "CPython abs", abs, [Column("float", NUMBERS)], "float")
    yield case("abs", "CPython abs", abs, [Column("int", WHOLES)], "int")
    yield case("sign", "numpy.sign", lambda x: float(numpy.sign(x)), [Column("float", NUMBERS)], "float")
    yield case("sign", "numpy.sign", lambda x: int(numpy.sign(x)), [Column("int", WHOLES)], "int")


# Enough digits for the exact value of any float.
EXACT = Context(prec=2000)


def half_away(x: float, digits: int | None = None) -> float | int:
    """Rounds the exact value of x, so that 2.675, which is a little less, becomes 2.67."""
    if isinstance(x, int):
        return x if digits is None or digits >= 0 else whole_half_away(x, 10**-digits)
    if digits is None:
        return int(Decimal(x).quantize(Decimal(1), ROUND_HALF_UP, EXACT))
    if not math.isfinite(x) or digits > 400:
        return x
    return math.copysign(float(Decimal(x).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, EXACT)), x)


def whole_half_away(x: int, unit: int) -> int:
    size = (2 * abs(x) + unit) // (2 * unit) * unit
    return size if x >= 0 else -size


def rounding() -> Iterator[dict]:
    ties = (2.5, 3.5, -2.5, -0.5, None, 0.49999999999999994, 0.0, 1e15 + 0.5, 2.0**63, math.nan, math.inf)
    decimals = (2.675, 1.005, 0.125, -0.125, None, 1234.5, 1e300, math.nan, math.inf, -0.0, 5e-324)
    hundreds = (1250.0, 1350.0, -1250.0, 49.0, 50.0, None, -50.0, 1e300, math.nan, -math.inf, 0.0)
    integers = (15, 25, -15, -25, None, 4, 5, 0, 2**63 - 1, -(2**63), 10)
    for name, reference, compute in (
        ("round", "CPython decimal ROUND_HALF_UP", half_away),
        ("bankers_round", "CPython round", round),
    ):
        yield case(name, reference, compute, [floats(0.125), whole(2)], "float")
        yield case(name, reference, compute, [Column("float", ties)], "int")
        yield case(name, reference, compute, [Column("float", decimals), whole(2)], "float")
        yield case(name, reference, compute, [Column("float", hundreds), whole(-2)], "float")
        yield case(name, reference, compute, [Column("float", decimals), whole(0)], "float")
        yield case(name, reference, compute, [Column("float", decimals), Constant("int", 1000)], "float")
        yield case(name, reference, compute, [Column("int", integers)], "int")
        yield case(name, reference, compute, [Column("int", integers), whole(-1)], "int")
        yield case(name, reference, compute, [Column("int", integers), whole(2)], "int")
        yield case(name, reference, compute, [floats(0.15, None, 2.5), ints(1, 1, None)], "float")


def or_infinite(compute: Callable, overflowing: Callable) -> Callable:
    """CPython's function, and numpy's infinity where CPython says that the result is too large."""

    def either(*numbers: float) -> float:
        numbers = tuple(float(number) for number in numbers)
        try:
            return compute(*numbers)
        except OverflowError:
            with numpy.errstate(over="ignore"):
                return float(overflowing(*numbers))

    return either


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def one_argument() -> Iterator[dict]:
    large = {"exp": numpy.exp, "cosh": numpy.cosh}
    for name, compute, column in (
        ("sqrt", math.sqrt, NUMBERS),
        ("cbrt", math.cbrt, NUMBERS),
        ("exp", math.exp, LARGE),
        ("ln", math.log, NUMBERS),
        ("log2", math.log2, NUMBERS),
        ("log10", math.log10, NUMBERS),
        ("sin", math.sin, DOMAIN),
        ("cos", math.cos, DOMAIN),
        ("asin", math.asin, DOMAIN),
        ("acos", math.acos, DOMAIN),
        ("atan", math.atan, DOMAIN),
        ("cosh", math.cosh, LARGE),
        ("tanh", math.tanh, LARGE),
        ("sigmoid", sigmoid, LARGE),
        ("radians", math.radians, NUMBERS),
        ("degrees", math.degrees, NUMBERS),
    ):
        source = (
            "CPython math.exp, 1 / (1 + e^-x)"
            if name == "sigmoid"
            else f"CPython {compute.__module__}.{compute.__name__}"
        )
        reference = f"{source}, numpy.{name} on overflow" if name in large else source
        either = or_infinite(compute, large.get(name, compute))
        for values in (Column("float", column), ints(1, 0, None, 4, -1, 1000)):
            yield case(name, reference, either, [values], "float", tolerance=None if name == "sqrt" else LAST_DIGIT)


def power(a: float, b: float) -> float:
    if isinstance(a, int) and isinstance(b, int):
        if b < 0:
            raise ValueError("not an int")
        if abs(a) > 1 and b > 64:
            raise OverflowError
        return pow(a, b if abs(a) > 1 else min(b, 64 + b % 2))
    result = float(a) ** float(b)
    if isinstance(result, complex):
        raise ValueError("complex")
    return result


def true_quotient(x: float, y: float) -> float | None:
    if y == 0:
        return None
    with numpy.errstate(over="ignore", invalid="ignore"):
        return float(numpy.float64(x) / numpy.float64(y))


def two_arguments() -> Iterator[dict]:
    left = floats(1.0, -1.0, 0.0, -0.0, None, 1.0, math.nan, math.inf, -0.0, 0.0)
    right = floats(1.0, 1.0, 1.0, -1.0, 1.0, None, 1.0, math.inf, 0.0, -1.0)
    yield case("atan2", "CPython math.atan2", math.atan2, [left, right], "float", tolerance=LAST_DIGIT)
    for name in ("power", "pow"):
        yield case(
            name,
            "CPython **",
            power,
            [
                ints(2, 2, 10, 0, None, 2, -2, 2, 2, 1, -1, 3),
                ints(10, 62, 18, 0, 1, None, 63, 63, -1, 2**62, 2**62 + 1, 64),
            ],
            "int",
        )
        yield case(
            name,
            "CPython **",
            power,
            [
                floats(2.0, 9.0, -8.0, 0.0, None, 2.0, -1.0, 10.0, math.nan, math.inf, 0.0, -2.0, 1.0),
                floats(0.5, 0.5, 1 / 3, 0.0, 1.0, None, 3.0, 400.0, 0.0, 0.0, -1.0, 2.0, math.nan),
            ],
            "float",
            tolerance=LAST_DIGIT,
        )
        yield case(name, "CPython **", power, [ints(2, -8, 0), floats(0.5, 2.0, -1.0)], "float", tolerance=LAST_DIGIT)
    yield case(
        "mod",
        "CPython %",
        lambda a, b: a % b,
        [
            ints(7, -7, 7, -7, 0, None, 7, 7, -(2**63), 2**63 - 1),
            ints(3, 3, -3, -3, 3, 3, None, 0, -1, -(2**63)),
        ],
        "int",
    )
    yield case(
        "mod",
        "CPython %",
        lambda a, b: a % b,
        [
            floats(7.5, -7.5, 7.5, -0.0, None, 1.0, 1.0, math.inf, 5.0, -5.0, math.nan, 0.3),
            floats(2.0, 2.0, -2.0, 3.0, 1.0, None, 0.0, 2.0, math.inf, math.inf, 1.0, 0.1),
        ],
        "float",
    )
    dividends = floats(1.0, 1.0, 0.0, None, 1.0, -1.0, 1e300, math.nan, math.inf, 1.0)
    divisors = floats(4.0, 0.0, 0.0, 1.0, None, -0.0, 1e-300, 2.0, math.inf, math.nan)
    yield case("safe_divide", "numpy /, null for a zero divisor", true_quotient, [dividends, divisors], "float")
    yield case(
        "safe_divide",
        "numpy /, null for a zero divisor",
        true_quotient,
        [ints(7, 1, -7, None, 1), ints(2, 0, 2, 1, None)],
        "float",
    )


def extreme(largest: bool) -> Callable:
    def choose(*values):
        values = [value for value in values if value is not None]
        if any(isinstance(value, float) and math.isnan(value) for value in values):
            return math.nan
        return (max if largest else min)(values) if values else None

    return choose


def clamp(x: float, low: float, high: float) -> float:
    """numpy.clip: the upper edge wins when the edges are the wrong way round, NaN anywhere gives NaN."""
    found = numpy.clip(x, low, high)
    return int(found) if all(isinstance(value, int) for value in (x, low, high)) else float(found)


def choices() -> Iterator[dict]:
    for name, largest in (("greatest", True), ("least", False), ("max", True), ("min", False)):
        reference = f"CPython {'max' if largest else 'min'}; nulls skipped, NaN propagates as in numpy"
        choose = extreme(largest)
        given = [ints(1, None, None, 2**63 - 1, 5), ints(2, 2, None, -(2**63), 5), ints(3, None, None, 0, None)]
        yield case(name, reference, choose, given, "int", sees_nulls=True)
        yield case(
            name,
            reference,
            choose,
            [
                floats(1.5, math.nan, None, math.inf, 1.0, None),
                floats(2.5, 1.0, 3.0, math.nan, -math.inf, math.nan),
            ],
            "float",
            sees_nulls=True,
        )
        yield case(
            name,
            reference,
            choose,
            [strs("b", "Z", None, "é", ""), strs("a", "a", "x", "z", "a")],
            "str",
            sees_nulls=True,
        )
        yield case(
            name, reference, choose, [Column("date", DATES), Column("date", DATES[::-1])], "date", sees_nulls=True
        )
        yield case(name, reference, choose, [ints(1, 3, None), floats(2.5, 2.5, 2.5)], "float", sees_nulls=True)
        yield case(name, reference, choose, [ints(4, None)], "int", sees_nulls=True)
        yield case(
            name, reference, choose, [bools(True, None, False), bools(False, True, False)], "bool", sees_nulls=True
        )
    yield case(
        "clamp",
        "numpy.clip",
        clamp,
        [ints(5, -5, 50, None, 5, 5, 5), ints(0, 0, 0, 0, None, 0, 10), ints(10, 10, 10, 10, 10, None, 0)],
        "int",
    )
    yield case(
        "clamp",
        "numpy.clip",
        clamp,
        [
            floats(0.5, -1.0, 2.0, None, math.nan, math.inf, -math.inf, 0.5),
            Constant("float", 0.0),
            Constant("float", 1.0),
        ],
        "float",
    )


def width_bucket(x: float, low: float, high: float, buckets: int) -> int:
    """PostgreSQL's width_bucket for float8: 0 before the range, n + 1 after it, descending when low > high."""
    if buckets <= 0 or low == high or math.isnan(x) or not math.isfinite(low) or not math.isfinite(high):
        raise ValueError("no buckets")
    if low > high:
        x, low, high = -x, -low, -high
    if x < low:
        return 0
    if x >= high:
        return buckets + 1
    return math.floor((Fraction(x) - Fraction(low)) * buckets / (Fraction(high) - Fraction(low))) + 1


def normal_cdf(x: float, mean: float, deviation: float) -> float:
    if deviation <= 0:
        raise ValueError("no spread")
    return 0.5 * math.erfc((mean - x) / (deviation * math.sqrt(2)))


def statistics() -> Iterator[dict]:
    xs = floats(5.0, 0.0, 10.0, -1.0, None, 11.0, 9.999, math.inf, -math.inf, math.nan, 2.5)
    for low, high, buckets in ((0.0, 10.0, 4), (10.0, 0.0, 4), (0.0, 0.0, 4), (0.0, 10.0, 0), (-1.0, 1.0, 1)):
        edges = [Constant("float", low), Constant("float", high), whole(buckets)]
        yield case("width_bucket", "PostgreSQL width_bucket", width_bucket, [xs, *edges], "int")
    yield case(
        "width_bucket",
        "PostgreSQL width_bucket",
        width_bucket,
        [
            ints(5, 5, None, 5),
            ints(0, None, 0, 0),
            ints(10, 10, 10, 10),
            ints(5, 5, 5, None),
        ],
        "int",
    )
    yield case(
        "normal_cdf",
        "CPython math.erfc",
        normal_cdf,
        [
            floats(0.0, 1.96, -1.96, None, math.inf, -math.inf, math.nan, -30.0, 0.0, 0.0, 0.0, 5.0),
            floats(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, None, 0.0, 0.0, 4.0),
            floats(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, -1.0, 2.0),
        ],
        "float",
        tolerance=1e-12,
    )
    yield case("e", "CPython math.e", lambda: math.e, [], "float")
    yield case("pi", "CPython math.pi", lambda: math.pi, [], "float")


def signed(word: int) -> int:
    """The low 64 bits as a signed number."""
    word &= 2**64 - 1
    return word - 2**64 if word >> 63 else word


def shift(move: Callable[[int, int], int]) -> Callable[[int, int], int]:
    def shifted(a: int, n: int) -> int:
        if n < 0:
            raise ValueError("negative shift count")
        return move(a, min(n, 64))

    return shifted


def bits() -> Iterator[dict]:
    for name, move in (
        ("bitwise_right_shift", lambda a, n: signed((a & 2**64 - 1) >> n)),
        ("bitwise_arithmetic_shift_right", lambda a, n: a >> n),
    ):
        yield case(name, "CPython >>", shift(move), [ints(-8), whole(1)], "int")
    left, right = ints(12, -1, None, 2**63 - 1, -(2**63), 5), ints(10, 255, 1, -1, 1, None)
    yield case("bitwise_and", "CPython &", lambda a, b: a & b, [left, right], "int")
    yield case("bitwise_or", "CPython |", lambda a, b: a | b, [left, right], "int")
    yield case("bitwise_xor", "CPython ^", lambda a, b: a ^ b, [left, right], "int")
    yield case("bitwise_not", "CPython ~", lambda a: ~a, [Column("int", WHOLES)], "int")
    words = ints(1, 1, 3, -1, None, 1, 1, 7, -8, 1, -(2**63), 2**63 - 1)
    places = ints(4, 63, 63, 1, 1, None, 64, 0, 2, -1, 63, 2**63 - 1)
    yield case(
        "bitwise_left_shift", "CPython <<, low 64 bits", shift(lambda a, n: signed(a << n)), [words, places], "int"
    )
    yield case(
        "bitwise_right_shift",
        "CPython >> of the unsigned word",
        shift(lambda a, n: signed((a & 2**64 - 1) >> n)),
        [words, places],
        "int",
    )
    yield case("bitwise_arithmetic_shift_right", "CPython >>", shift(lambda a, n: a >> n), [words, places], "int")
    yield case("bitwise_and", "CPython &", lambda a, b: a & b, [ints(6, None), whole(3)], "int")
