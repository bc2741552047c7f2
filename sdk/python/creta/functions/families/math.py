"""Mathematics. What Python's `math` raises for is an error.

Only a float that is too large is infinite instead, except in `power`; an int that exceeds 64 bits is an error.
"""

from creta.functions.declaring import declared_in, function
from creta.functions.kinds import Float, Int, Number, Same

SKIPPED = "Nulls are skipped; null when there is nothing else."


@function()
def abs(x: Number) -> Same:
    """The distance from zero; an int stays an int.

    * The smallest 64-bit int has none and is an error.
    """


@function()
def floor(x: Number) -> Int:
    """The largest whole number that is not above x.

    * NaN, infinities and what exceeds 64 bits are an error.
    """


@function()
def ceil(x: Number) -> Int:
    """The smallest whole number that is not below x.

    * NaN, infinities and what exceeds 64 bits are an error.
    """


@function()
def sign(x: Number) -> Same:
    """-1, 0 or 1, as an int for ints and a float for floats; NaN for NaN."""


@function()
def round(x: Number, digits: Int = None) -> Number:
    """Rounds to so many decimals, halves away from zero; negative digits round to tens, hundreds, …

    * Without digits the result is an int; NaN, infinities and what exceeds 64 bits are an error. With digits a float
      stays a float.
    * It is the exact binary value that is rounded: 2.675 is a little less than it looks and gives 2.67.
    """


@function()
def bankers_round(x: Number, digits: Int = None) -> Number:
    """Rounds to so many decimals, halves to the even neighbour, like Python's `round`.

    * Without digits the result is an int; NaN, infinities and what exceeds 64 bits are an error. With digits a float
      stays a float.
    """


@function()
def sqrt(x: Number) -> Float:
    """The square root; of a negative number it is an error."""


@function()
def cbrt(x: Number) -> Float:
    """The cube root; negative numbers have one."""


@function()
def exp(x: Number) -> Float:
    """e to the power of x; infinite where that is too large."""


@function()
def ln(x: Number) -> Float:
    """The natural logarithm; of zero and of negative numbers it is an error."""


@function()
def log2(x: Number) -> Float:
    """The logarithm of base 2; of zero and of negative numbers it is an error."""


@function()
def log10(x: Number) -> Float:
    """The logarithm of base 10; of zero and of negative numbers it is an error."""


@function()
def sin(x: Number) -> Float:
    """The sine of an angle in radians; of an infinity it is an error."""


@function()
def cos(x: Number) -> Float:
    """The cosine of an angle in radians; of an infinity it is an error."""


@function()
def asin(x: Number) -> Float:
    """The angle, in radians, whose sine is x; an error outside of -1 to 1."""


@function()
def acos(x: Number) -> Float:
    """The angle, in radians, whose cosine is x; an error outside of -1 to 1."""


@function()
def atan(x: Number) -> Float:
    """The angle, in radians, whose tangent is x."""


@function()
def cosh(x: Number) -> Float:
    """The hyperbolic cosine; infinite where it is too large."""


@function()
def tanh(x: Number) -> Float:
    """The hyperbolic tangent."""


@function()
def sigmoid(x: Number) -> Float:
    """1 / (1 + e⁻ˣ), between 0 and 1."""


@function()
def radians(x: Number) -> Float:
    """Degrees as radians."""


@function()
def degrees(x: Number) -> Float:
    """Radians as degrees."""


@function()
def atan2(y: Number, x: Number) -> Float:
    """The angle, in radians, of the point (x, y), from -π to π; signed zeros count, as in Python."""


@function()
def power(a: Number, b: Number) -> Number:
    """a to the power of b, the operator `**`; ints give an int.

    * An error: ints with a negative power, zero with a negative power, a fractional power of a negative number, and a
      result that is too large, also of floats.
    """


@function()
def pow(a: Number, b: Number) -> Number:
    """The same as `power`.

    * An error: ints with a negative power, zero with a negative power, a fractional power of a negative number, and a
      result that is too large, also of floats.
    """


@function()
def mod(a: Number, b: Number) -> Number:
    """What remains when a is divided by b, the operator `%`: it has the sign of b.

    * Division by zero is an error.
    """


@function(nulls="Null in, null out; null also when y is zero.")
def safe_divide(x: Number, y: Number) -> Float:
    """x / y, and null when y is zero."""


@function()
def clamp(x: Number, low: Number, high: Number) -> Number:
    """The nearest value to x from `low` to `high`.

    * When `low` is above `high`, `high` is the result. NaN anywhere gives NaN.
    """


@function(nulls=SKIPPED)
def greatest(*values: Same) -> Same:
    """The largest of several values of one row. NaN wins over numbers; text compares by code points."""


@function(nulls=SKIPPED)
def least(*values: Same) -> Same:
    """The smallest of several values of one row. NaN wins over numbers; text compares by code points."""


@function(nulls=SKIPPED)
def max(*values: Same) -> Same:
    """The same as `greatest`: the largest of several values of one row. NaN wins over numbers."""


@function(nulls=SKIPPED)
def min(*values: Same) -> Same:
    """The same as `least`: the smallest of several values of one row. NaN wins over numbers."""


@function(nulls="Never null.")
def e() -> Float:
    """Euler's number."""


@function(nulls="Never null.")
def pi() -> Float:
    """The ratio of a circle's circumference to its diameter."""


@function(nulls="Never null.")
def rand() -> Float:
    """A random number from 0 up to, not including, 1, drawn for each row.

    * The seed comes from the query, so that asking again under the same id gives the same numbers.
    """


@function(nulls="A null n gives null.")
def random(n: Int = None) -> Number:
    """A random int from 0 up to, not including, n; without n the same as `rand`.

    * n below 1 is an error. The seed comes from the query.
    """


@function()
def width_bucket(x: Number, low: Number, high: Number, n: Int) -> Int:
    """The number, from 1 to n, of the bin that holds x when `low` to `high` is cut into n equal bins.

    * Bins include their lower edge; 0 is before the first, n + 1 from `high` on. With `low` above `high` bins count
      downwards.
    * An error: n below 1, `low` equal to `high`, NaN, infinite edges.
    """


@function()
def normal_cdf(x: Number, mean: Number, sd: Number) -> Float:
    """The probability that a normally distributed value is at most x; an sd that is not above zero is an error."""


@function()
def bitwise_and(a: Int, b: Int) -> Int:
    """The bits that are set in both."""


@function()
def bitwise_or(a: Int, b: Int) -> Int:
    """The bits that are set in one or both."""


@function()
def bitwise_xor(a: Int, b: Int) -> Int:
    """The bits that are set in one of both."""


@function()
def bitwise_not(a: Int) -> Int:
    """Every bit turned round: -a - 1."""


@function()
def bitwise_left_shift(a: Int, n: Int) -> Int:
    """The 64 bits moved n places up; what leaves at the top is lost, and from 64 places on nothing remains.

    * A negative n is an error.
    """


@function()
def bitwise_right_shift(a: Int, n: Int) -> Int:
    """The 64 bits moved n places down, with zeros following; from 64 places on nothing remains.

    * A negative n is an error.
    """


@function()
def bitwise_arithmetic_shift_right(a: Int, n: Int) -> Int:
    """The 64 bits moved n places down, with copies of the sign following: division by 2ⁿ, rounded down.

    * A negative n is an error.
    """


__all__ = declared_in(__name__)
