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
from creta.definition.spellings import unknown_option

# Carried by the bundle.
CARRIED = frozenset(["environment", "tags", "owner", "timeout", "name", "unique_on", "max_batch_size", "total"])
# Accepted so that existing code can be ported; they have no effect yet, and say so. None of them changes an answer.
WITHOUT_EFFECT = frozenset(
    ["cron", "machine_type", "resource_hint", "resource_group", "incremental", "partitioned_by"]
)
# What an option may be; anything else is refused, since it would change an answer or could not be honoured.
CHOICES: dict[str, tuple] = {
    "resource_hint": (None, "cpu", "io", "gpu"),
    "static": (None, False),
    "accelerate_python": (None, "auto", "never"),
    "output_row_order": (None, "one-to-one"),
    "venv": (None,),
    "handle_duplicate_outputs": (None, "dedup_any", "skip_validation", "error"),
}
# What is known of the refused values.
NOT_YET: dict[str, tuple] = {
    "static": (True,),
    "accelerate_python": ("require",),
}
KNOWN = CARRIED | WITHOUT_EFFECT | CHOICES.keys()


class Resolver:
    """A decorated function. Calling it calls the function, which is how unit tests use it.

    Rows that are given for a DataFrame or a has-many parameter are first shaped as its annotation says.
    """

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
        # Promises about the returned rows, as they were given: features, to be checked against the outputs.
        self.unique_on = _feature_list(options.get("unique_on"))
        self.partitioned_by = _feature_list(options.get("partitioned_by"))
        self.total = options.get("total") is True
        self.refuses_duplicates = options.get("handle_duplicate_outputs") == "error"
        self.max_batch_size: int | None = options.get("max_batch_size")
        self.one_to_one = options.get("output_row_order") == "one-to-one"

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        from creta.project.calling import shaped

        arguments, named = shaped(self.function, arguments, named, self.place)
        return self.function(*arguments, **named)

    def __repr__(self) -> str:
        return f"<{self.kind} resolver {self.name}>"


def _feature_list(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple, set)) else [given]


def _decorator(kind: str):
    def decorate(function: Callable | None = None, **options: Any):
        if function is None:
            return lambda actual: _make(actual, kind, options)
        return _make(function, kind, options)

    decorate.__name__ = kind
    served = "offline queries" if kind == "offline" else "online and offline queries"
    decorate.__doc__ = f"""Makes a resolver that serves {served}.

    Parameters are annotated with the features they receive, the return with the features it yields. Options:
    `environment`, `tags`, `owner`, `timeout` (a duration), `name`, `unique_on` (features of which every combination is
    returned at most once), `total` (of several resolvers without inputs this one lists the rows of the class, the others
    add their columns to them), `handle_duplicate_outputs` ("error" fails what depends on several rows of one key at one
    feature time; otherwise the last one stands). Of a function that takes and returns a DataFrame: `max_batch_size`
    (rows it gets at once; each chunk has the timeout to itself and fails alone) and `output_row_order` ("one-to-one":
    its rows answer the given ones in their order, whatever their keys).
    """
    return decorate


def _make(function: Callable, kind: str, options: dict[str, Any]) -> Resolver:
    if not inspect.isfunction(function):
        message = f"`@{kind}` is written above a function."
        registry.report(Letter("invalid_definition", message, caller_place()))
    for option, value in list(options.items()):
        letter = _fault(function, kind, option, value)
        if letter is not None:
            registry.report(letter)
            options = {key: given for key, given in options.items() if key != option}
        elif option in WITHOUT_EFFECT:
            message = f"`{option}` of a resolver has no effect yet"
            place = caller_place()
            warnings.warn_explicit(message, CretaWarning, place.file, place.line)
    resolver = Resolver(function, kind, options)
    registry.resolvers.append(resolver)
    return resolver


def _fault(function: Callable, kind: str, option: str, value: Any) -> Letter | None:
    place = function_place(function)
    if option not in KNOWN or (option == "resource_group" and kind == "offline"):
        return unknown_option(f"@{kind}", option, KNOWN, place)
    if option not in CHOICES or value in CHOICES[option]:
        return _badly_typed(option, value, place)
    allowed = [repr(choice) for choice in CHOICES[option] if choice is not None]
    if value in NOT_YET.get(option, ()) or not allowed:
        message = f"`{option}={value!r}` of a resolver is not supported yet."
        return Letter("invalid_definition", message, place, f"Leave `{option}` out.")
    return Letter("invalid_definition", f"`{option}` cannot be {value!r}.", place, f"It is {' or '.join(allowed)}.")


def _badly_typed(option: str, value: Any, place) -> Letter | None:
    """`environment` and `tags` are a string or a list of strings, `owner` and `name` strings."""
    if value is None:
        return None
    if option in ("environment", "tags"):
        given = [value] if isinstance(value, str) else value
        if not isinstance(given, (list, tuple)) or not all(isinstance(item, str) for item in given):
            return Letter("invalid_definition", f"`{option}` is a string or a list of strings.", place)
    if option == "max_batch_size" and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        return Letter("invalid_definition", f"`{option}` is a positive number of rows.", place)
    if option == "total" and not isinstance(value, bool):
        return Letter("invalid_definition", f"`{option}` is True or False.", place)
    if option in ("owner", "name") and not isinstance(value, str):
        return Letter("invalid_definition", f"`{option}` is a string.", place)
    return None


online = _decorator("online")
offline = _decorator("offline")
