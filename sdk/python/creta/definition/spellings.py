"""Unknown arguments of definitions: each is a fault that names the right spelling where there is one."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from creta.definition.letters import Letter, fault, suggestion
from creta.definition.places import Place, caller_place

# What some documents spell, and how it is spelled.
RIGHT = {
    "outputs": "output",
    "inputs": "input",
    "samples": "max_samples",
    "environments": "environment",
    "lookback": "lookback_period",
    "online": "store_online",
    "offline": "store_offline",
    "query": "sql",
    "ttl": "offline_ttl",
    "cache_ttl": "max_staleness",
    "min_len": "min_length",
    "max_len": "max_length",
    "tag": "tags",
}


def check_options(what: str, unknown: Mapping[str, Any], function: Callable) -> None:
    """Raises a fault for the first argument that `function` does not have."""
    known = [parameter.name for parameter in inspect.signature(function).parameters.values()
             if parameter.kind is not inspect.Parameter.VAR_KEYWORD]  # fmt: skip
    for option in unknown:
        letter = unknown_option(what, option, known, caller_place())
        raise fault(letter.code, letter.message, letter.place, letter.fix)


def unknown_option(what: str, option: str, known: Iterable[str], place: Place) -> Letter:
    """The letter for an argument that something does not have."""
    known = list(known)
    right = RIGHT.get(option)
    fix = f"It is spelled `{right}`." if right in known else suggestion(option, known)
    return Letter("invalid_definition", f"`{what}` has no argument `{option}`.", place, fix)
