"""Checks and conversions of arguments that must be constants, such as a unit or a duration."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from creta.definition.durations import microseconds
from creta.definition.expressions import Expression
from creta.definition.letters import fault
from creta.definition.places import caller_place
from creta.definition.values import guess_value


def one_of(*known: str) -> Callable[[str, Any], Any]:
    """A constant that is one of these words; expressions pass."""

    def check(argument: str, value: Any) -> Any:
        if isinstance(value, Expression) or value in known:
            return value
        choices = ", ".join(f'"{word}"' for word in known)
        raise fault("expression", f"{argument} cannot be {value!r}.", caller_place(), f"It is one of {choices}.")

    return check


def duration(argument: str, value: Any) -> Any:
    """A timedelta, also written as "1h" or "7d"."""
    if not isinstance(value, str):
        return value
    try:
        return timedelta(microseconds=microseconds(value))
    except (ValueError, OverflowError) as error:
        raise fault("invalid_definition", f"{argument}: {error}", caller_place()) from None


def constant_map(argument: str, value: Any) -> Expression:
    """A dict of constants as one literal."""
    if not isinstance(value, dict):
        raise fault("expression", f"{argument} must be a dict of constants.", caller_place())
    try:
        return Expression({"literal": guess_value(value)})
    except TypeError as error:
        raise fault("expression", f"{argument}: {error}", caller_place()) from None
