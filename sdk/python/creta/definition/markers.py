"""Names that mean something in annotations: Primary, FeatureTime, Windowed, Vector, Now, Features."""

from datetime import datetime
from typing import Any


class Now(datetime):
    """As a parameter's annotation: the query time of the row, an aware datetime in UTC."""


class FeatureTime(datetime):
    """As a feature's annotation: when the row's values became known."""


class PrimaryOf:
    """`Primary[int]`: the field identifies a row."""

    def __init__(self, of: Any):
        self.of = of


class Primary:
    """`Primary[int]`, `Primary[str]` or `Primary[Other.id]` marks the primary key."""

    def __class_getitem__(cls, of: Any) -> PrimaryOf:
        return PrimaryOf(of)


class WindowedOf:
    """`Windowed[float]`: one value per window."""

    def __init__(self, of: Any):
        self.of = of


class Windowed:
    """`Windowed[float]` is the annotation of a `windowed(...)` feature; `| None` goes inside."""

    def __class_getitem__(cls, of: Any) -> WindowedOf:
        return WindowedOf(of)


class VectorOf:
    """`Vector[512]`: a list of that many floats."""

    def __init__(self, size: Any, precision: Any = "fp16"):
        self.size = size
        self.precision = precision


class Vector:
    """`Vector[n]`, `Vector["fp16", n]` or `Vector["fp32", n]`: n numbers, kept as 32-bit floats."""

    def __class_getitem__(cls, size: Any) -> VectorOf:
        return VectorOf(size[-1], size[0]) if isinstance(size, tuple) and len(size) == 2 else VectorOf(size)


class LastOf:
    """`Last[Vessel.risk]`: the value that was stored last."""

    def __init__(self, of: Any):
        self.of = of


class Last:
    """`Last[Vessel.risk]` in a signature: what was stored of a feature before the query time, however old it is.

    The feature needs a `max_staleness`, because otherwise nothing is stored that a query could read. Where nothing was
    stored yet the function is not called, unless the parameter is `Optional` or has a default.
    """

    def __class_getitem__(cls, of: Any) -> LastOf:
        return LastOf(of)


class FeaturesOf:
    """`Features[Vessel.risk, Vessel.reason]` or `Features[Vessel] - Vessel.note`: what a resolver returns."""

    def __init__(self, items: tuple, without: tuple = ()):
        self.items = items
        self.without = without

    def __sub__(self, other: Any) -> "FeaturesOf":
        return FeaturesOf(self.items, (*self.without, other))

    def __or__(self, other: Any) -> "FeaturesOf":
        return self if other is None else NotImplemented


class Features:
    """`Features[a, b]` in a return annotation: the resolver returns an instance with these features set."""

    def __class_getitem__(cls, items: Any) -> FeaturesOf:
        return FeaturesOf(items if isinstance(items, tuple) else (items,))


class DataFrameOf:
    """`DataFrame[Vessel]`, `DataFrame[Vessel.id, Vessel.flag]`: columns, possibly with filters."""

    def __init__(self, items: tuple):
        self.items = items

    def __getitem__(self, items: Any) -> "DataFrameOf":
        from creta.definition.brackets import recovered
        from creta.definition.references import combined

        items = recovered(items)
        return DataFrameOf(combined(self.items, items if isinstance(items, tuple) else (items,)))
