"""`Validation`: limits that every value of a feature is checked against."""

from dataclasses import dataclass
from typing import Any

from creta.definition.letters import DefinitionError, fault
from creta.definition.places import caller_place

NUMBERS = ("int", "float")


@dataclass(frozen=True)
class Validation:
    """Inclusive limits of a number, or of the length of a text or a collection.

    A value outside of them is returned as invalid; with `strict` it is a failure, and stored nowhere.
    """

    min: float | None = None
    max: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    strict: bool = False

    def __post_init__(self):
        for low, high in (("min", "max"), ("min_length", "max_length")):
            self._check_pair(low, high)
        if all(getattr(self, name) is None for name in ("min", "max", "min_length", "max_length")):
            raise _fault("A validation needs a limit: `min`, `max`, `min_length` or `max_length`.")

    def _check_pair(self, low: str, high: str) -> None:
        lengths = low == "min_length"
        for name in (low, high):
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int if lengths else (int, float)):
                raise _fault(f"`{name}` must be a {'whole number' if lengths else 'number'}.")
            if value != value or value in (float("inf"), float("-inf")):
                raise _fault(f"`{name}` must be finite; leave it out where there is no limit.")
            if lengths and value < 0:
                raise _fault(f"`{name}` cannot be negative.")
        least, most = getattr(self, low), getattr(self, high)
        if least is not None and most is not None and least > most:
            raise _fault(f"`{low}` ({least}) is greater than `{high}` ({most}), so no value can be valid.")

    def json(self) -> dict[str, Any]:
        """The form of the bundle: the limits that were given, and whether they are strict when they are."""
        numbers = {name: getattr(self, name) for name in ("min", "max")}
        given: dict[str, Any] = {name: float(limit) for name, limit in numbers.items() if limit is not None}
        lengths = {name: getattr(self, name) for name in ("min_length", "max_length")}
        given |= {name: limit for name, limit in lengths.items() if limit is not None}
        return given | ({"strict": True} if self.strict else {})

    def misfit(self, data_type: Any) -> str | None:
        """Why these limits make no sense for a type of the bundle; None when they do."""
        if (self.min is not None or self.max is not None) and data_type not in NUMBERS:
            return "`min` and `max` limit numbers; use `min_length` and `max_length` for texts and collections"
        has_length = data_type in ("str", "bytes") or (isinstance(data_type, dict) and data_type.keys() & LENGTHS)
        if (self.min_length is not None or self.max_length is not None) and not has_length:
            return "`min_length` and `max_length` limit texts and collections; use `min` and `max` for numbers"
        return None


LENGTHS = {"list", "map", "vector"}


def collect_validations(validations: Any, strict: bool, limits: dict[str, Any]) -> tuple[Validation, ...]:
    """The limits of `feature(...)`: its own arguments first, then its `validations`."""
    listed = [validations] if isinstance(validations, Validation) else list(validations or ())
    for item in listed:
        if not isinstance(item, Validation):
            raise _fault("`validations` is a list of `Validation(...)`.")
    if any(limit is not None for limit in limits.values()):
        return (Validation(**limits, strict=bool(strict)), *listed)
    if strict:
        raise _fault("`strict=True` needs a limit: `min`, `max`, `min_length` or `max_length`.")
    return tuple(listed)


def _fault(message: str) -> DefinitionError:
    return fault("invalid_definition", message, caller_place())
