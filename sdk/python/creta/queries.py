"""`NamedQuery`: a query that applications call by name."""

from collections.abc import Sequence
from typing import Any

from creta.definition.declarations import duration_option, tag_list
from creta.definition.durations import Duration
from creta.definition.places import caller_place
from creta.definition.registry import registry
from creta.definition.spellings import check_options
from creta.definition.unbuilt import SCHEDULES, lookup


def __getattr__(name: str) -> Any:
    if name in SCHEDULES:
        return lookup(__name__, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class NamedQuery:
    """Fixes inputs and outputs of a query under a name, and optionally a version.

    `input` and `output` hold features, or classes for all their values. Without `input`, the primary keys of the
    outputs are meant. `staleness` maps features to durations.
    """

    def __init__(
        self,
        name: str,
        version: str | None = None,
        *,
        input: Sequence[Any] | None = None,
        output: Sequence[Any] | None = None,
        tags: list[str] | str | None = None,
        description: str | None = None,
        owner: str | None = None,
        staleness: dict[Any, Duration] | None = None,
        **unknown: Any,
    ):
        check_options("NamedQuery", unknown, NamedQuery.__init__)
        self.name = name
        self.version = version
        self.input = list(input or ())
        self.output = list(output or ())
        self.tags = tag_list(tags)
        self.description = description
        self.owner = owner
        self.staleness = {key: duration_option("staleness", value) for key, value in (staleness or {}).items()}
        self.place = caller_place()
        registry.named_queries.append(self)

    def __repr__(self) -> str:
        return f"NamedQuery({self.name!r})"
