"""Features and values on their way to the wire and back."""

import base64
import dataclasses
import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import numpy
import pyarrow

from creta.definition.classes import FeatureMeta
from creta.definition.durations import microseconds
from creta.definition.references import Reference
from creta.definition.registry import registry
from creta.frames import DataFrame, as_array

ISO_DURATION = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?\Z")


def feature_name(feature: Any) -> str:
    """The wire's name of a feature, a class (its namespace) or a string, which stands for itself."""
    if isinstance(feature, str):
        return feature
    if isinstance(feature, FeatureMeta):
        return feature.__creta__.namespace
    if isinstance(feature, Reference):
        columns = ",".join(feature_name(item) for item in feature._creta_items)
        return f"{feature}[{columns}]" if columns else str(feature)
    raise TypeError(f"a feature is named by a feature or a string, not by a {type(feature).__name__}")


def feature_names(features: Any) -> list[str]:
    """Several features; one may be given alone."""
    if features is None:
        return []
    if isinstance(features, (str, Reference, FeatureMeta)):
        return [feature_name(features)]
    return [feature_name(feature) for feature in features]


def single_inputs(given: Any) -> dict[str, Any]:
    """Inputs of one row as JSON: a mapping of features to values, or an instance of a feature class."""
    pairs: Iterable = given.items() if hasattr(given, "items") else ()
    if not isinstance(given, Mapping) and not isinstance(type(given), FeatureMeta):
        raise TypeError(f"input is a mapping of features to values or an instance, not a {type(given).__name__}")
    return {feature_name(name): to_json(value) for name, value in pairs}


def input_table(given: Any) -> pyarrow.Table:
    """Inputs of many rows: a mapping of features to lists, or a pandas, polars or pyarrow table.

    NaN of pandas is null, as pandas has no other way to say it. Raises ValueError when the lists differ in length.
    """
    if isinstance(given, Mapping):
        columns = {feature_name(name): as_array(values) for name, values in given.items()}
        lengths = {len(column) for column in columns.values()}
        if len(lengths) > 1:
            raise ValueError(f"the inputs differ in length: {', '.join(map(str, sorted(lengths)))}")
        return pyarrow.table(columns)
    return DataFrame(given).to_pyarrow()


def utc(value: datetime) -> datetime:
    """The same instant in UTC; a naive datetime is UTC already."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def to_json(value: Any) -> Any:
    """A value as the wire writes it."""
    if value is None or (isinstance(value, (bool, int, str)) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, numpy.generic):
        return to_json(value.item())
    if isinstance(type(value), FeatureMeta):
        return {name: to_json(item) for name, item in value.items()}
    for kind, convert in JSON_FORMS:
        if isinstance(value, kind):
            return convert(value)
    if dataclasses.is_dataclass(value):
        return to_json(dataclasses.asdict(value))
    if hasattr(value, "model_dump"):
        return to_json(value.model_dump())
    raise TypeError(f"a {type(value).__name__} cannot be sent")


JSON_FORMS = (
    (Enum, lambda value: to_json(value.value)),
    (datetime, lambda value: utc(value).isoformat()),
    ((date, time), lambda value: value.isoformat()),
    (timedelta, lambda value: _iso_duration(value)),
    ((Decimal, UUID), str),
    (bytes, lambda value: base64.b64encode(value).decode()),
    (DataFrame, lambda value: [to_json(row) for row in value.to_pylist()]),
    (Mapping, lambda value: {feature_name(name): to_json(item) for name, item in value.items()}),
    ((list, tuple, set, frozenset, numpy.ndarray), lambda value: [to_json(item) for item in value]),
)


def _iso_duration(value: timedelta) -> str:
    sign, length = ("-", -value) if value < timedelta() else ("", value)
    seconds = f"{length.seconds}.{length.microseconds:06d}".rstrip("0").rstrip(".")
    return f"{sign}P{length.days}DT{seconds}S"


def staleness_json(staleness: Mapping[Any, Any] | None) -> dict[str, str] | None:
    """Durations as the wire writes them; anything but a string is turned into milliseconds or seconds."""
    if staleness is None:
        return None
    return {feature_name(name): _duration_text(duration) for name, duration in staleness.items()}


def _duration_text(duration: Any) -> str:
    length = microseconds(duration)
    if isinstance(duration, str):
        return duration
    return f"{length // 1_000_000}s" if length % 1_000_000 == 0 else f"{length // 1_000}ms"


def python_type(name: str) -> Any:
    """The annotated type of a feature by its fully qualified name, when its class is imported here; else None."""
    namespace, _dot, path = name.partition(".")
    cls = registry.classes.get(namespace)
    info = cls.__creta__ if cls is not None else None
    names = path.split(".")
    for attribute in names[:-1]:
        info = info.target_of(attribute) if info is not None else None
    return info.python_type(names[-1]) if info is not None else None


def from_json(value: Any, name: str) -> Any:
    """A value of an answer as Python has it: times when the feature's class is known here, tables for has-many."""
    if isinstance(value, dict) and value.keys() == {"columns", "values"}:
        return DataFrame(dict(zip(value["columns"], value["values"], strict=True)))
    convert = PARSERS.get(python_type(name)) if isinstance(value, str) else None
    return convert(value) if convert is not None else value


def _parse_duration(text: str) -> timedelta:
    found = ISO_DURATION.match(text)
    if found is None:
        raise ValueError("the server sent a duration that is not ISO 8601")
    sign, days, hours, minutes, seconds = found.groups()
    length = timedelta(
        days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0)
    )
    return -length if sign else length


PARSERS = {
    datetime: lambda text: utc(datetime.fromisoformat(text)),
    date: date.fromisoformat,
    time: time.fromisoformat,
    timedelta: _parse_duration,
    bytes: base64.b64decode,
}
