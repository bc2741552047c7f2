"""Limits: one kind marks a value, the other refuses it."""

from creta import online
from creta.features import Primary, _, feature, features


@features
class Load:
    id: Primary[int]
    tons: float = feature(min=0, max=100, max_staleness="infinity")
    strict_tons: float = feature(min=0, max=100, strict=True, default=1.0, max_staleness="infinity")
    label: str | None = feature(min_length=2, max_length=4, strict=True)
    double: float = feature(expression=_.tons * 2)
    strict_double: float = feature(expression=_.strict_tons * 2)
    told: str


@online
def tons(id: Load.id) -> Load.tons:
    return float(id)


@online
def strict_tons(id: Load.id) -> Load.strict_tons:
    return float(id)


@online
def label(id: Load.id) -> Load.label:
    return None if id == 7 else "x" * id


@online
def told(tons: Load.strict_tons | None) -> Load.told:
    return f"told {tons}"
