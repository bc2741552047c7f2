"""The right-hand sides of a feature class: `feature(...)`, `windowed(...)`, `has_one(...)`, `has_many(...)`."""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from creta.definition.durations import Duration, microseconds
from creta.definition.letters import fault
from creta.definition.places import caller_place


class Missing:
    """The type of MISSING, the value of a feature that was not given; not the same as None."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass
class FeatureOptions:
    """What `feature()` or `windowed()` was given. None means: inherit from the class."""

    description: str | None = None
    owner: str | None = None
    tags: list[str] = dataclass_field(default_factory=list)
    name: str | None = None
    primary: bool = False
    max_staleness: int | None = None
    offline_ttl: int | None = None
    cache_nulls: bool | str | None = None
    cache_defaults: bool | str | None = None
    etl_offline_to_online: bool | None = None
    store_online: bool = True
    store_offline: bool = True
    default: Any = MISSING
    expression: Any = None
    offline_expression: Any = None
    windows: tuple[int, ...] = ()


@dataclass
class JoinDeclaration:
    """`has_one(lambda: …)` or `has_many(lambda: …)`; the lambda runs once every class is known."""

    condition: Callable[[], Any]
    many: bool
    options: FeatureOptions


def feature(
    *,
    description: str | None = None,
    owner: str | None = None,
    tags: list[str] | str | None = None,
    name: str | None = None,
    primary: bool = False,
    max_staleness: Duration | None = None,
    offline_ttl: Duration | None = None,
    cache_nulls: bool | str | None = None,
    cache_defaults: bool | str | None = None,
    etl_offline_to_online: bool | None = None,
    store_online: bool = True,
    store_offline: bool = True,
    default: Any = MISSING,
    expression: Any = None,
    offline_expression: Any = None,
) -> Any:
    """Declares a feature with more than a type.

    `max_staleness` and `offline_ttl` are durations ("1h 30m", timedelta, seconds, "infinity"). `default` is used when
    nothing yields a value. `expression` computes the feature from `_`; `offline_expression` replaces it offline.
    `cache_nulls` is True, False or "evict_nulls", `cache_defaults` True, False or "evict_defaults".
    """
    return FeatureOptions(
        description=description,
        owner=owner,
        tags=tag_list(tags),
        name=name,
        primary=primary,
        max_staleness=duration_option("max_staleness", max_staleness),
        offline_ttl=duration_option("offline_ttl", offline_ttl),
        cache_nulls=cache_nulls,
        cache_defaults=cache_defaults,
        etl_offline_to_online=etl_offline_to_online,
        store_online=store_online,
        store_offline=store_offline,
        default=default,
        expression=expression,
        offline_expression=offline_expression,
    )


def windowed(*windows: Duration, days=(), hours=(), minutes=(), **options: Any) -> Any:
    """Declares one feature per window: `windowed("1h", "7d", expression=…)`.

    Windows are durations, given one by one or as numbers of days, hours or minutes; the other arguments are those of
    `feature`.
    """
    lengths = [*windows]
    lengths += [f"{count}d" for count in days] + [f"{count}h" for count in hours] + [f"{count}m" for count in minutes]
    declared = feature(**options)
    declared.windows = tuple(duration_option("window", length) for length in lengths)
    if not declared.windows:
        raise fault("invalid_definition", "`windowed` needs at least one window.", caller_place())
    if len({length > 0 for length in declared.windows}) > 1:
        raise fault("invalid_definition", "Windows into the past and the future cannot be mixed.", caller_place())
    return declared


def has_one(join: Callable[[], Any], **words: Any) -> Any:
    """A relationship to at most one row: `has_one(lambda: Berth.id == Vessel.berth_id)`.

    It may have a `description`, an `owner`, `tags` and a `name`.
    """
    return JoinDeclaration(join, False, _relationship_options("has_one", words))


def has_many(join: Callable[[], Any], **words: Any) -> Any:
    """A relationship to any number of rows: `has_many(lambda: Call.vessel_id == Vessel.id)`.

    It may have a `description`, an `owner`, `tags` and a `name`.
    """
    return JoinDeclaration(join, True, _relationship_options("has_many", words))


def _relationship_options(kind: str, words: dict[str, Any]) -> FeatureOptions:
    for option in words:
        if option not in ("description", "owner", "tags", "name"):
            raise fault("invalid_definition", f"`{option}` of `{kind}` is not supported yet.", caller_place())
    return feature(**words)


def tag_list(tags: list[str] | tuple[str, ...] | str | None) -> list[str]:
    """Tags as a list; one tag may be given as a string."""
    if tags is None:
        return []
    return [tags] if isinstance(tags, str) else list(tags)


def duration_option(name: str, duration: Duration | None) -> int | None:
    """Microseconds of an optional duration; a fault at the user's line when it is not one."""
    if duration is None:
        return None
    try:
        return microseconds(duration)
    except ValueError as error:
        raise fault("invalid_definition", f"{name}: {error}", caller_place()) from None
