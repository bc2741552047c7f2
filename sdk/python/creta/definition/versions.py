"""Versions of features: how `Vessel.risk @ 2` is named, and which versions a declaration makes."""

from typing import Any

from creta.definition.letters import fault
from creta.definition.places import caller_place

SIGN = "@"


def versioned(name: str, version: Any) -> str:
    """`risk` and 2 make `risk@2`; a window stays before the version. A fault when it is not a version."""
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        message = f"`{version!r}` is not a version; write a whole number from 1, such as `@ 2`."
        raise fault("invalid_definition", message, caller_place())
    return f"{split_version(name)[0]}{SIGN}{version}"


def split_version(name: str) -> tuple[str, int | None]:
    """`risk@2` is (`risk`, 2), a bare name (name, None)."""
    bare, sign, version = name.partition(SIGN)
    return (bare, int(version)) if sign and version.isdecimal() else (name, None)


def keep_version(name: str, change: Any) -> str:
    """Applies `change` to the part of the name before its version."""
    bare, version = split_version(name)
    return change(bare) if version is None else f"{change(bare)}{SIGN}{version}"


def check_versions(version: int | None, versions: dict | None, default: int) -> tuple[int, ...]:
    """The numbers of a declaration's versions; empty when it has none. A fault when they make no sense."""
    if version is not None and versions is not None:
        raise _fault("Give either `version=` or `versions=`, not both.")
    if version is None and versions is None:
        if default != 1:
            raise _fault("`default_version` needs `version=` or `versions=`.")
        return ()
    if versions is not None:
        numbers = tuple(sorted(versions)) if all(_is_number(key) for key in versions) else ()
        if not numbers:
            raise _fault("`versions` maps version numbers from 1 to `feature(...)`: `{1: feature(), 2: feature()}`.")
    elif _is_number(version):
        numbers = tuple(range(1, version + 1))
    else:
        raise _fault("`version` is a whole number from 1.")
    if default not in numbers:
        known = ", ".join(map(str, numbers))
        raise _fault(f"`default_version={default!r}` is none of the versions {known}.")
    return numbers


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _fault(message: str):
    return fault("invalid_definition", message, caller_place())
