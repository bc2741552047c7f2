"""`@online` and `@offline`: turn a function into a resolver that can still be called like a function."""

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from creta.definition.declarations import duration_option, tag_list
from creta.definition.letters import CretaWarning, Letter
from creta.definition.places import caller_place, function_place
from creta.definition.registry import registry

# Accepted so that existing code can be ported; they have no effect yet, and say so.
WITHOUT_EFFECT = frozenset(
    [
        "cron",
        "machine_type",
        "resource_hint",
        "static",
        "accelerate_python",
        "total",
        "unique_on",
        "partitioned_by",
        "resource_group",
        "output_row_order",
        "max_batch_size",
        "venv",
        "incremental",
        "handle_duplicate_outputs",
    ]
)


class Resolver:
    """A decorated function. Calling it calls the function, which is how unit tests use it."""

    def __init__(self, function: Callable, kind: str, options: dict[str, Any]):
        functools.update_wrapper(self, function)
        self.function = function
        self.kind = kind
        self.place = function_place(function)
        self.is_async = inspect.iscoroutinefunction(function)
        self.name: str = options.get("name") or f"{function.__module__}.{function.__name__}"
        self.environments = tag_list(options.get("environment"))
        self.tags = tag_list(options.get("tags"))
        self.owner: str | None = options.get("owner")
        self.timeout = duration_option("timeout", options.get("timeout"))

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)

    def __repr__(self) -> str:
        return f"<{self.kind} resolver {self.name}>"


def _decorator(kind: str):
    def decorate(function: Callable | None = None, **options: Any):
        if function is None:
            return lambda actual: _make(actual, kind, options)
        return _make(function, kind, options)

    decorate.__name__ = kind
    served = "offline queries" if kind == "offline" else "online and offline queries"
    decorate.__doc__ = f"""Makes a resolver that serves {served}.

    Parameters are annotated with the features they receive, the return with the features it yields. Options:
    `environment`, `tags`, `owner`, `timeout` (a duration), `name`.
    """
    return decorate


def _make(function: Callable, kind: str, options: dict[str, Any]) -> Resolver:
    known = {"environment", "tags", "owner", "timeout", "name"}
    for option in options:
        if option in WITHOUT_EFFECT:
            message = f"`{option}` of a resolver has no effect yet"
            place = caller_place()
            warnings.warn_explicit(message, CretaWarning, place.file, place.line)
        elif option not in known:
            message = f"A resolver has no option `{option}`."
            fix = suggestion(option, known | WITHOUT_EFFECT)
            registry.report(Letter("invalid_definition", message, function_place(function), fix))
    resolver = Resolver(function, kind, options)
    registry.resolvers.append(resolver)
    return resolver


online = _decorator("online")
offline = _decorator("offline")
