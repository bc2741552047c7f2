"""Functions of a user's that are applied to the items of lists: `lambda x: x > 2` becomes an expression of a parameter.

A lambda travels as a call of `lambda` whose argument is its body; in the body a parameter is a call of `parameter`. How
deep a lambda stands inside others tells whose parameter is meant.
"""

import contextvars
import inspect
from collections.abc import Callable
from typing import Any

from creta.definition.expressions import Expression, call
from creta.definition.letters import fault
from creta.definition.places import caller_place

_depth: contextvars.ContextVar[int] = contextvars.ContextVar("depth of lambdas", default=0)


def lambda_of(argument: str, function: Any, count: int) -> Expression:
    """The expression of a function of so many items. Raises a fault for what is none."""
    if not callable(function) or isinstance(function, Expression) or not _takes(function, count):
        message = f"{argument} must be a function of {count} {'item' if count == 1 else 'items'}."
        raise fault("expression", message, caller_place(), "Write it as a lambda, such as `lambda x: x > 2`.")
    depth = _depth.get()
    token = _depth.set(depth + 1)
    try:
        body = function(*(call("parameter", depth=depth, position=position) for position in range(count)))
    finally:
        _depth.reset(token)
    return call("lambda", body, depth=depth, parameters=count)


def _takes(function: Callable, count: int) -> bool:
    try:
        inspect.signature(function).bind(*range(count))
    except (TypeError, ValueError):
        return False
    return True
