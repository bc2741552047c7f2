"""Help for unit tests of a project: `freeze_time` and `check`."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest import mock

from creta.client.names import feature_name


@contextmanager
def freeze_time(at: datetime) -> Iterator[datetime]:
    """Fixes the default `now` of `CretaClient.query` inside the block. `at` must be aware."""
    if at.tzinfo is None:
        raise ValueError("freeze_time needs an aware datetime, such as datetime(2030, 1, 1, tzinfo=UTC)")
    from creta.client.api import CretaClient

    original = CretaClient.query

    def query(self: Any, input: Any = None, output: Any = (), now: datetime | None = None, **options: Any) -> Any:
        return original(self, input, output, now or at, **options)

    with mock.patch.object(CretaClient, "query", query):
        yield at


def check(
    client: Any,
    input: Any,
    assertions: Mapping[Any, Any],
    *,
    now: datetime | None = None,
    float_rel_tolerance: float = 1e-6,
    float_abs_tolerance: float = 1e-12,
    **options: Any,
) -> Any:
    """Asks for the features in `assertions` and compares; `...` asserts nothing. Returns the result.

    Floats match when either tolerance holds. Raises AssertionError with one line per difference and per error.
    """
    result = client.query(input, list(assertions), now, **options)
    lines = [f"error: {error}" for error in result.errors]
    for feature, expected in assertions.items():
        actual = result.get_feature_value(feature)
        if expected is not ... and not _same(actual, expected, float_rel_tolerance, float_abs_tolerance):
            lines.append(f"{feature_name(feature)}: expected {expected!r}, got {actual!r}")
    if lines:
        raise AssertionError("\n".join(lines))
    return result


def _same(actual: Any, expected: Any, relative: float, absolute: float) -> bool:
    if isinstance(actual, float) and isinstance(expected, (int, float)) and not isinstance(expected, bool):
        both_nan = math.isnan(actual) and math.isnan(expected)
        return both_nan or math.isclose(actual, expected, rel_tol=relative, abs_tol=absolute)
    return actual == expected
