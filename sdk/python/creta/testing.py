"""Help for unit tests of a project: `freeze_time`, `get_resolver` and `check`."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest import mock

from creta import clock
from creta.client.names import feature_name
from creta.definition.letters import suggestion
from creta.definition.registry import registry

__all__ = ["check", "freeze_time", "get_resolver", "same"]


@contextmanager
def freeze_time(at: datetime) -> Iterator[datetime]:
    """Fixes the present inside the block: `Now`, `after` and `before` of resolvers that are called as functions, and
    the default `now` of `CretaClient.query`. `at` must be aware.
    """
    if at.tzinfo is None:
        raise ValueError("freeze_time needs an aware datetime, such as datetime(2030, 1, 1, tzinfo=UTC)")
    from creta.client.api import CretaClient

    original = CretaClient.query

    def query(self: Any, input: Any = None, output: Any = (), now: datetime | None = None, **options: Any) -> Any:
        return original(self, input, output, now or at, **options)

    with clock.fixed(at), mock.patch.object(CretaClient, "query", query):
        yield at


def get_resolver(name: str, root: str | None = None) -> Any:
    """A resolver by its name, its function's name, or the stem of its SQL file.

    Without `root`, the Python resolvers that are imported are searched first, then the SQL files of the project around
    the working directory. A SQL resolver's `run(...)` reads its source directly (`creta.project.sql_running`).
    """
    found = [resolver for resolver in registry.resolvers if name in (resolver.name, resolver.name.rpartition(".")[2])]
    if len({resolver.name for resolver in found}) > 1:
        names = " and ".join(sorted({resolver.name for resolver in found}))
        raise LookupError(f"several resolvers are called {name}: {names}")
    if found:
        return found[-1]
    from creta.project.sql_running import RunnableSQLResolver, sql_resolvers

    project = os.path.abspath(root or os.getcwd())
    known = {resolver.name: resolver for resolver in (*sql_resolvers(project), *registry.sql_resolvers)}
    if name in known:
        return RunnableSQLResolver(known[name], project)
    hint = suggestion(name, [*known, *(resolver.name.rpartition(".")[2] for resolver in registry.resolvers)])
    raise LookupError(f"no resolver is called {name}." + (f" {hint}" if hint else ""))


def check(
    client: Any,
    input: Any,
    assertions: Mapping[Any, Any],
    *,
    cache_hits: Sequence[Any] | None = None,
    feature_errors: Mapping[Any, Any] | None = None,
    query_errors: Any = None,
    now: datetime | None = None,
    float_rel_tolerance: float = 1e-6,
    float_abs_tolerance: float = 1e-12,
    prefix: bool = True,
    **options: Any,
) -> Any:
    """Asks for the features in `assertions`, compares, and fails the test with a table of the differences.

    `...` as an expected value asserts nothing. Floats match when either tolerance holds. `cache_hits` lists the
    features that must come from the online store; the others must not, unless it is None. `feature_errors` maps
    features to the codes that their errors must have, `query_errors` is the codes of the other errors; every error
    that is not expected is a difference. `prefix=False` lets features be named without their namespace. The other
    arguments are those of `CretaClient.query`. Returns the result.
    """
    expected = _prefixed(assertions, input, prefix)
    wanted_errors = {name: _codes(codes) for name, codes in _prefixed(feature_errors or {}, input, prefix).items()}
    outputs = list(dict.fromkeys([*expected, *wanted_errors]))
    result = client.query(input, outputs, now, include_meta=cache_hits is not None, **options)
    rows = _differences(result, expected, float_rel_tolerance, float_abs_tolerance)
    rows += _error_differences(result.errors, wanted_errors, _codes(query_errors))
    if cache_hits is not None:
        rows += _cache_differences(result, expected, set(_prefixed(dict.fromkeys(cache_hits), input, prefix)))
    if rows:
        _fail(rows)
    return result


def _prefixed(given: Mapping[Any, Any], input: Any, prefix: bool) -> dict[str, Any]:
    named = {feature_name(feature): value for feature, value in given.items()}
    if prefix or not named:
        return named
    first = next((feature_name(key) for key in input), "") if isinstance(input, Mapping) else ""
    namespace = first.split(".", 1)[0] if first else type(input).__creta__.namespace
    return {name if name.startswith(namespace + ".") else f"{namespace}.{name}": value for name, value in named.items()}


def _differences(result: Any, expected: Mapping[str, Any], relative: float, absolute: float) -> list[tuple]:
    rows = []
    for name, value in expected.items():
        if value is ...:
            continue
        actual = result.get_feature_value(name)
        if not same(actual, value, relative, absolute):
            rows.append((name, repr(value), repr(actual)))
    return rows


def _codes(given: Any) -> list[str]:
    if given is None:
        return []
    listed = [given] if isinstance(given, str) or hasattr(given, "code") else given
    return sorted(str(getattr(item, "code", item)) for item in listed)


def _error_differences(errors: Sequence[Any], by_feature: Mapping[str, list[str]], others: list[str]) -> list[tuple]:
    rows = []
    of_feature: dict[str, list[Any]] = {name: [] for name in by_feature}
    unexpected = []
    for error in errors:
        of_feature.get(error.feature, unexpected).append(error)
    for name, codes in by_feature.items():
        actual = sorted(error.code for error in of_feature[name])
        if actual != codes:
            rows.append((f"errors of {name}", ", ".join(codes) or "none", ", ".join(actual) or "none"))
    if sorted(error.code for error in unexpected) != others:
        actual = "; ".join(str(error) for error in unexpected) or "none"
        rows.append(("errors of the query", ", ".join(others) or "none", actual))
    return rows


def _cache_differences(result: Any, expected: Mapping[str, Any], hits: set[str]) -> list[tuple]:
    rows = []
    for name in dict.fromkeys([*expected, *hits]):
        meta = getattr(result.get_feature(name), "meta", None)
        actual = bool(meta is not None and meta.cache_hit)
        if actual != (name in hits):
            words = {True: "from the cache", False: "computed"}
            rows.append((name, words[name in hits], words[actual]))
    return rows


def _fail(rows: list[tuple]) -> None:
    import pytest

    table = [("", "expected", "actual"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(2)]
    lines = [f"{name:<{widths[0]}}  {expected:<{widths[1]}}  {actual}".rstrip() for name, expected, actual in table]
    pytest.fail("The answer is not as expected.\n" + "\n".join(lines), pytrace=False)


def same(actual: Any, expected: Any, relative: float = 1e-6, absolute: float = 1e-12) -> bool:
    """Whether two values are equal, floats within either tolerance, also inside of lists and dicts; `...` is any."""
    if expected is ...:
        return True
    numbers = isinstance(actual, (int, float)) and isinstance(expected, (int, float))
    if numbers and not isinstance(actual, bool) and not isinstance(expected, bool):
        if isinstance(actual, int) and isinstance(expected, int):
            return actual == expected
        both_nan = math.isnan(actual) and math.isnan(expected)
        return both_nan or math.isclose(actual, expected, rel_tol=relative, abs_tol=absolute)
    if isinstance(actual, (list, tuple)) and isinstance(expected, (list, tuple)):
        pairs = zip(actual, expected, strict=False)
        return len(actual) == len(expected) and all(same(one, other, relative, absolute) for one, other in pairs)
    if isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(
            same(actual[key], expected[key], relative, absolute) for key in actual
        )
    return actual == expected
