"""The right-hand sides of a feature class: `feature(...)`, `windowed(...)`, `has_one(...)`, `has_many(...)`."""

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from creta.definition.durations import Duration, microseconds
from creta.definition.letters import fault
from creta.definition.materialization import check_materialization
from creta.definition.places import caller_place
from creta.definition.spellings import check_options
from creta.definition.validations import Validation, collect_validations
from creta.definition.versions import check_versions


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
    validations: tuple[Validation, ...] = ()
    # The numbers of the versions, empty for an unversioned feature; `of_version` where each is declared on its own.
    versions: tuple[int, ...] = ()
    default_version: int = 1
    of_version: dict[int, "FeatureOptions"] = dataclass_field(default_factory=dict)
    encoder: Callable[[Any], Any] | None = None
    decoder: Callable[[Any], Any] | None = None
    # An Arrow type, or a Python annotation in place of the written one.
    dtype: Any = None
    typ: Any = None
    deprecated: bool = False
    # Made by `group_by_windowed`: a value per window and group.
    grouped: bool = False


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
    version: int | None = None,
    default_version: int = 1,
    versions: dict[int, Any] | None = None,
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
    encoder: Callable[[Any], Any] | None = None,
    decoder: Callable[[Any], Any] | None = None,
    min: float | None = None,
    max: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    strict: bool = False,
    validations: list[Validation] | None = None,
    dtype: Any = None,
    typ: Any = None,
    deprecated: bool = False,
    materialization: Any = None,
    **unknown: Any,
) -> Any:
    """Declares a feature with more than a type.

    `max_staleness` and `offline_ttl` are durations ("1h 30m", timedelta, seconds, "infinity"). `default` is used when
    nothing yields a value. `expression` computes the feature from `_`; `offline_expression` replaces it offline.
    `cache_nulls` is True, False or "evict_nulls", `cache_defaults` True, False or "evict_defaults". `version=3` makes
    the versions 1 to 3, `versions={1: feature(…), 2: feature(…)}` gives each its own definition. `min`, `max`,
    `min_length`, `max_length` and `validations` limit the values. `encoder` and `decoder` convert values of a class
    that Creta does not know; `dtype` overrides the Arrow type.
    """
    check_options("feature", unknown, feature)
    for option, value in (("cache_nulls", cache_nulls), ("cache_defaults", cache_defaults)):
        check_policy(option, value)
    if materialization is not None:
        check_materialization(materialization, expression, of_windowed=False)
    limits = {"min": min, "max": max, "min_length": min_length, "max_length": max_length}
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
        validations=collect_validations(validations, strict, limits),
        versions=check_versions(version, versions, default_version),
        default_version=default_version,
        of_version=_of_version(versions),
        encoder=encoder,
        decoder=decoder,
        dtype=dtype,
        typ=typ,
        deprecated=deprecated,
    )


def _of_version(versions: dict[int, Any] | None) -> dict[int, FeatureOptions]:
    """The declarations of `versions={…}`; all plain or all windowed, none renamed or versioned again."""
    if versions is None:
        return {}
    for number, declared in versions.items():
        if not isinstance(declared, FeatureOptions):
            raise fault("invalid_definition", f"Version {number} is not a `feature(...)`.", caller_place())
        if declared.name is not None or declared.versions:
            message = f"Version {number} can have neither a `name` nor versions of its own."
            raise fault("invalid_definition", message, caller_place())
    if len({bool(declared.windows) for declared in versions.values()}) > 1:
        message = "The versions of a feature are either all `feature(...)` or all `windowed(...)`."
        raise fault("invalid_definition", message, caller_place())
    return dict(versions)


def windowed(*windows: Duration, days=(), hours=(), minutes=(), materialization: Any = None, **options: Any) -> Any:
    """Declares one feature per window: `windowed("1h", "7d", expression=…)`.

    Windows are durations, given one by one or as numbers of days, hours or minutes; the other arguments are those of
    `feature`.
    """
    lengths = [*windows]
    lengths += [f"{count}d" for count in days] + [f"{count}h" for count in hours] + [f"{count}m" for count in minutes]
    if options.get("version") is not None:
        fix = "Write `feature(versions={1: windowed(…), 2: windowed(…)})`."
        raise fault("invalid_definition", "`windowed` takes no `version`.", caller_place(), fix)
    if materialization is not None:
        check_materialization(materialization, options.get("expression"), of_windowed=True)
    declared = feature(**options)
    declared.windows = tuple(duration_option("window", length) for length in lengths)
    if not declared.windows:
        raise fault("invalid_definition", "`windowed` needs at least one window.", caller_place())
    if len(set(declared.windows)) < len(declared.windows):
        raise fault("invalid_definition", "`windowed` names the same window twice.", caller_place())
    if len({length > 0 for length in declared.windows}) > 1:
        raise fault("invalid_definition", "Windows into the past and the future cannot be mixed.", caller_place())
    return declared


def group_by_windowed(*windows: Duration, expression: Any = None, **options: Any) -> Any:
    """Declares one value per window and group: its expression is `_.calls.group_by(_.berth_id).count()`.

    Its annotation is `Windowed[int]`, with the type of the aggregate. Read as `Vessel.x["1d", PortCall.berth_id == 4]`.
    """
    if expression is None:
        message = "`group_by_windowed` needs an expression."
        raise fault("invalid_definition", message, caller_place(), "Write `_.calls.group_by(_.berth_id).count()`.")
    declared = windowed(*windows, expression=expression, **options)
    declared.grouped = True
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


POLICIES = {
    "cache_nulls": (None, True, False, "evict", "evict_nulls"),
    "cache_defaults": (None, True, False, "evict", "evict_defaults"),
}


def check_policy(option: str, value: Any) -> None:
    """A fault for anything but the known ways to cache nulls and defaults."""
    if not any(value is known or (isinstance(value, str) and value == known) for known in POLICIES[option]):
        message = f"`{option}` cannot be {value!r}."
        raise fault("invalid_definition", message, caller_place(), f'It is True, False or "{POLICIES[option][-1]}".')


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
