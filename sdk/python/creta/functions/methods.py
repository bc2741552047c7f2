"""The aggregates that are methods of rows, as the reference describes them: `_.calls[_.teu].sum()`."""

from dataclasses import dataclass

SKIPPED = "Nulls are skipped; null without values."
SPREAD = "Nulls are skipped; null for fewer than two values, NaN where one is not finite."
LAST = "Rows with a null order come last; null without rows."


@dataclass(frozen=True)
class Method:
    """Equal methods under their names, what they take and give, and what they do."""

    names: tuple[str, ...]
    signature: str
    meaning: str
    nulls: str = SKIPPED


METHODS = (
    Method(
        ("sum",),
        "(int | float) → same",
        "The sum. More than 64 bits are an error; NaN and infinities propagate.",
        "Nulls are skipped; 0 without values.",
    ),
    Method(("mean",), "(int | float) → float", "The mean. NaN and infinities propagate."),
    Method(
        ("count",), "() → int", "How many rows there are; it needs no column.", "Rows with nulls count; 0 without rows."
    ),
    Method(("min",), "(any) → same", "The smallest value. NaN wins over numbers; text compares by code points."),
    Method(("max",), "(any) → same", "The largest value. NaN wins over numbers; text compares by code points."),
    Method(("any",), "(bool) → bool", "Whether one is true.", "Nulls are skipped; false without values."),
    Method(("all",), "(bool) → bool", "Whether none is false.", "Nulls are skipped; true without values."),
    Method(
        ("std", "std_sample", "stddev", "stddev_sample"),
        "(int | float) → float",
        "The standard deviation of a sample (divided by N - 1).",
        SPREAD,
    ),
    Method(
        ("var", "var_sample", "variance"),
        "(int | float) → float",
        "The variance of a sample (divided by N - 1).",
        SPREAD,
    ),
    Method(
        ("std_pop", "stddev_pop"),
        "(int | float) → float",
        "The standard deviation of the population (divided by N).",
        SPREAD,
    ),
    Method(("var_pop",), "(int | float) → float", "The variance of the population (divided by N).", SPREAD),
    Method(
        ("skewness",),
        "(int | float) → float",
        "The third standardised moment of the population, not corrected for bias.",
        "Nulls are skipped; null where nothing varies, NaN where a value is not finite.",
    ),
    Method(
        ("kurtosis",),
        "(int | float) → float",
        "The fourth standardised moment of the population less 3, not corrected for bias.",
        "Nulls are skipped; null where nothing varies, NaN where a value is not finite.",
    ),
    Method(
        ("median",),
        "(int | float) → float",
        "The middle value in order, of an even number the mean of the middle two. NaN sorts last.",
    ),
    Method(
        ("approx_percentile",),
        "(int | float, quantile) → float",
        "The value below which the fraction `quantile` (a constant, 0 to 1) of the values lies; between two values it "
        "is interpolated. NaN sorts last. Computed exactly today.",
    ),
    Method(
        ("approx_count_distinct", "num_unique"),
        "(any) → int",
        "How many distinct values there are. All NaN are one value, both zeros too. Computed exactly today.",
        "Nulls are skipped; 0 without values.",
    ),
    Method(
        ("approx_top_k",),
        "(any, k) → list",
        "The k most frequent values, of equally frequent ones the first, in that order. Computed exactly today.",
    ),
    Method(
        ("max_by",), "(any, order) → same", "The value of the row with the largest order; of equals the first.", LAST
    ),
    Method(
        ("min_by",), "(any, order) → same", "The value of the row with the smallest order; of equals the first.", LAST
    ),
    Method(
        ("max_by_n",),
        "(any, order, n) → list",
        "The values of the n rows with the largest order, the largest first.",
        LAST,
    ),
    Method(
        ("min_by_n",),
        "(any, order, n) → list",
        "The values of the n rows with the smallest order, the smallest first.",
        LAST,
    ),
    Method(
        ("array_agg",),
        "(any) → list",
        "The values as a list, in the order of the rows.",
        "Nulls are kept; an empty list without rows.",
    ),
    Method(
        ("set_agg",),
        "(any) → list",
        "The distinct values as a list, each where it first stands.",
        "A null is one value; an empty list without rows.",
    ),
    Method(
        ("set_union",),
        "(list) → list",
        "The distinct items of lists as one list, each where it first stands.",
        "Null lists are skipped, a null inside is one value; an empty list without rows.",
    ),
)

# Names that rows accept and no server evaluates yet.
UNBUILT_METHODS = ("vector_mean", "vector_sum")
