"""Value types: from a Python annotation to the bundle's type, its Arrow type, and conversions both ways."""

import dataclasses
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

import numpy
import pyarrow

from creta.definition.markers import FeatureTime, VectorOf
from creta.definition.values import guess_value


@dataclass(frozen=True)
class ValueType:
    """A feature's type. `data_type` is its JSON in the bundle.

    `encode` checks a user's value and makes what pyarrow takes; it raises TypeError naming the types, never the
    value. `decode` makes the user's value of what pyarrow gives; None means it is already that.
    """

    data_type: Any
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any] | None = None


class NotAType(Exception):
    """An annotation that is no value type; the message says why."""


def value_type(annotation: Any) -> ValueType:
    """The type behind an annotation without its `| None`. Raises NotAType."""
    if isinstance(annotation, VectorOf):
        return _vector(annotation.size, annotation.precision)
    documented = _document(annotation)
    if documented is not None:
        return documented
    origin = typing.get_origin(annotation)
    if origin is not None:
        return _generic(annotation, origin)
    if isinstance(annotation, type):
        if annotation in SIMPLE:
            return SIMPLE[annotation]
        return _class(annotation)
    raise NotAType(f"`{describe(annotation)}` is not a type that a feature can have.")


def split_optional(annotation: Any) -> tuple[Any, bool]:
    """(annotation without None, whether None was allowed)."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(annotation) if member is not type(None)]
        if len(members) < len(typing.get_args(annotation)) and len(members) == 1:
            return members[0], True
    return annotation, False


def describe(annotation: Any) -> str:
    """An annotation as a user would write it."""
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def nullable_encode(inner: ValueType) -> Callable[[Any], Any]:
    """Encodes the items of collections, which may be None."""
    encode = inner.encode
    return lambda value: None if value is None else encode(value)


def nullable_decode(inner: ValueType) -> Callable[[Any], Any]:
    decode = inner.decode
    if decode is None:
        return lambda value: value
    return lambda value: None if value is None else decode(value)


def mismatch(expected: str, value: Any) -> TypeError:
    return TypeError(f"expected {expected}, got {type(value).__name__}")


def _encode_int(value: Any) -> int:
    if type(value) is int:
        return value
    if isinstance(value, (int, numpy.integer)) and not isinstance(value, (bool, Enum)):
        return int(value)
    if isinstance(value, (float, numpy.floating)) and float(value).is_integer():
        return int(value)
    raise mismatch("int", value)


def _encode_float(value: Any) -> float:
    if type(value) is float:
        return value
    if isinstance(value, (int, float, numpy.integer, numpy.floating, Decimal)) and not isinstance(value, bool):
        return float(value)
    raise mismatch("float", value)


def _encode_bool(value: Any) -> bool:
    if isinstance(value, (bool, numpy.bool_)):
        return bool(value)
    raise mismatch("bool", value)


def _encode_datetime(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise mismatch("datetime", value)
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _decode_datetime(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _encode_date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise mismatch("date", value)


def _instance(kind: type, name: str) -> Callable[[Any], Any]:
    def encode(value: Any) -> Any:
        if isinstance(value, kind):
            return value
        raise mismatch(name, value)

    return encode


def _as_text(kind: type) -> ValueType:
    def encode(value: Any) -> str:
        if isinstance(value, kind):
            return str(value)
        raise mismatch(kind.__name__, value)

    return ValueType("str", encode, kind)


_DATETIME = ValueType("datetime", _encode_datetime, _decode_datetime)

SIMPLE: dict[type, ValueType] = {
    int: ValueType("int", _encode_int),
    float: ValueType("float", _encode_float),
    bool: ValueType("bool", _encode_bool),
    str: ValueType("str", _instance(str, "str")),
    bytes: ValueType("bytes", _instance(bytes, "bytes")),
    datetime: _DATETIME,
    FeatureTime: _DATETIME,
    date: ValueType("date", _encode_date),
    time: ValueType("time", _instance(time, "time")),
    timedelta: ValueType("timedelta", _instance(timedelta, "timedelta")),
    Decimal: _as_text(Decimal),
    UUID: _as_text(UUID),
    IPv6Address: _as_text(IPv6Address),
    IPv4Address: _as_text(IPv4Address),
}


def _document(annotation: Any) -> ValueType | None:
    from creta.definition.documents import JSON, DocumentOf, document_type, json_type

    if isinstance(annotation, DocumentOf):
        return document_type(annotation)
    return json_type() if annotation is JSON else None


def _vector(size: Any, precision: Any) -> ValueType:
    if precision not in ("fp16", "fp32"):
        if precision == "fp64":
            raise NotAType("Vectors are kept as 32-bit floats; `fp64` is not supported yet.")
        right = f"fp{precision[1:]}" if precision in ("f16", "f32", "f64") else "fp16` or `fp32"
        raise NotAType(f"`{precision}` is no precision of a Vector; it is spelled `{right}`.")
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise NotAType("A Vector needs its number of elements: `Vector[512]`.")

    def encode(value: Any) -> list[float]:
        if not isinstance(value, (list, tuple, numpy.ndarray)):
            raise mismatch(f"a list of {size} numbers", value)
        if len(value) != size:
            raise TypeError(f"expected {size} numbers, got {len(value)}")
        return [float(item) for item in value]

    return ValueType({"vector": size}, encode)


def _generic(annotation: Any, origin: Any) -> ValueType:
    arguments = typing.get_args(annotation)
    if origin is typing.Literal:
        return _members({type(member) for member in arguments}, arguments, None, describe(annotation))
    if origin is typing.Annotated:
        return value_type(arguments[0])
    if origin in (list, set, frozenset):
        return _list(arguments[0], origin)
    if origin is tuple:
        if len(arguments) != 2 or arguments[1] is not Ellipsis:
            raise NotAType("A tuple must be written `tuple[T, ...]`; for mixed members use a dataclass.")
        return _list(arguments[0], tuple)
    if origin is dict:
        return _map(*arguments)
    raise NotAType(f"`{describe(annotation)}` is not a type that a feature can have.")


def _list(item_annotation: Any, kind: type) -> ValueType:
    inner = value_type(split_optional(item_annotation)[0])
    encode_item, decode_item = nullable_encode(inner), nullable_decode(inner)

    def encode(value: Any) -> list:
        if not isinstance(value, (list, tuple, set, frozenset, numpy.ndarray)):
            raise mismatch(kind.__name__, value)
        return [encode_item(item) for item in value]

    decode = None
    if inner.decode is not None or kind is not list:
        decode = lambda value: kind(decode_item(item) for item in value)  # noqa: E731
    return ValueType({"list": inner.data_type}, encode, decode)


def _map(key_annotation: Any, value_annotation: Any) -> ValueType:
    key, optional = split_optional(key_annotation)
    if optional:
        raise NotAType("The keys of a dict cannot be optional.")
    keys, values = value_type(key), value_type(split_optional(value_annotation)[0])
    encode_value, decode_key, decode_value = nullable_encode(values), nullable_decode(keys), nullable_decode(values)

    def encode(value: Any) -> list:
        if not isinstance(value, dict):
            raise mismatch("dict", value)
        return [(keys.encode(name), encode_value(item)) for name, item in value.items()]

    def decode(value: Any) -> dict:
        return {decode_key(name): decode_value(item) for name, item in value}

    return ValueType({"map": [keys.data_type, values.data_type]}, encode, decode)


def _members(kinds: set[type], values: Any, enum: type[Enum] | None, name: str) -> ValueType:
    """Enums and Literals: the members' one type."""
    if len(kinds) != 1 or not kinds <= SIMPLE.keys():
        raise NotAType(f"The members of `{name}` must share one simple type.")
    inner = SIMPLE[kinds.pop()]
    allowed = list(values)

    def encode(value: Any) -> Any:
        plain = value.value if enum is not None and isinstance(value, enum) else value
        encoded = inner.encode(plain)
        if encoded not in allowed:
            raise TypeError(f"expected a member of {name}")
        return encoded

    return ValueType(inner.data_type, encode, enum)


def _class(cls: type) -> ValueType:
    if issubclass(cls, Enum):
        values = [member.value for member in cls]
        return _members({type(value) for value in values}, values, cls, cls.__name__)
    fields = _struct_fields(cls)
    if fields is None:
        raise NotAType(f"`{cls.__name__}` is not a type that a feature can have.")
    return _struct(cls, fields)


def _struct_fields(cls: type) -> dict[str, Any] | None:
    """Names and annotations of dataclasses, TypedDicts, NamedTuples, pydantic and attrs classes."""
    is_named_tuple = issubclass(cls, tuple) and hasattr(cls, "_fields")
    known = ("__attrs_attrs__", "model_fields")
    if (
        dataclasses.is_dataclass(cls)
        or typing.is_typeddict(cls)
        or is_named_tuple
        or any(hasattr(cls, k) for k in known)
    ):
        names = getattr(cls, "model_fields", None) or typing.get_type_hints(cls)
        hints = typing.get_type_hints(cls)
        return {name: hints[name] for name in names}
    return None


def _struct(cls: type, fields: dict[str, Any]) -> ValueType:
    parts = {}
    described = []
    for name, annotation in fields.items():
        inner, optional = split_optional(annotation)
        parts[name] = value_type(inner)
        described.append({"name": name, "type": parts[name].data_type, "nullable": optional})
    encoders = {name: nullable_encode(part) for name, part in parts.items()}
    decoders = {name: nullable_decode(part) for name, part in parts.items()}
    is_mapping = typing.is_typeddict(cls)

    def encode(value: Any) -> dict:
        if not isinstance(value, dict if is_mapping else cls):
            raise mismatch(cls.__name__, value)
        read = value.get if is_mapping else lambda name: getattr(value, name)
        return {name: encoder(read(name)) for name, encoder in encoders.items()}

    def decode(value: dict) -> Any:
        return cls(**{name: decoder(value[name]) for name, decoder in decoders.items()})

    return ValueType({"struct": described}, encode, decode)


ARROW = {
    "int": pyarrow.int64(),
    "float": pyarrow.float64(),
    "bool": pyarrow.bool_(),
    "str": pyarrow.large_string(),
    "bytes": pyarrow.large_binary(),
    "datetime": pyarrow.timestamp("us", "UTC"),
    "date": pyarrow.date32(),
    "time": pyarrow.time64("us"),
    "timedelta": pyarrow.duration("us"),
}


def arrow_type(data_type: Any) -> pyarrow.DataType:
    """The Arrow type of a column of this feature: dates are 64-bit at the top and 32-bit inside."""
    return pyarrow.date64() if data_type == "date" else _arrow_inner(data_type)


def _arrow_inner(data_type: Any) -> pyarrow.DataType:
    if isinstance(data_type, str):
        return ARROW[data_type]
    ((kind, of),) = data_type.items()
    if kind == "list":
        return pyarrow.large_list(pyarrow.field("item", _arrow_inner(of)))
    if kind == "map":
        return pyarrow.map_(_arrow_inner(of[0]), _arrow_inner(of[1]))
    if kind == "struct":
        return pyarrow.struct([pyarrow.field(part["name"], _arrow_inner(part["type"])) for part in of])
    return pyarrow.list_(pyarrow.field("item", pyarrow.float32()), of)


def constant(data_type: Any, value: Any) -> Any:
    """The bundle's JSON of an encoded value of this type."""
    if value is None:
        return "null"
    if isinstance(data_type, dict):
        ((kind, of),) = data_type.items()
        if kind == "struct":
            return {"struct": [constant(part["type"], value[part["name"]]) for part in of]}
        if kind == "map":
            return {"map": [[constant(of[0], key), constant(of[1], item)] for key, item in value]}
        item_type = "float" if kind == "vector" else of
        return {"list": [constant(item_type, item) for item in value]}
    return guess_value(value)
