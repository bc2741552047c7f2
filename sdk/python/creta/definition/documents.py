"""Values kept as JSON text: `JSON` holds anything, `Document[Struct]` a structure whose fields may change."""

import base64
import json
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from creta.definition.value_types import NotAType, ValueType, value_type


class JSON:
    """As a feature's annotation: any JSON value; `F.json_value` reads inside of it."""


class DocumentOf:
    """`Document[Struct]`, which `document_type` understands."""

    def __init__(self, of: Any):
        self.of = of


class Document:
    """`Document[Struct]`: a structure kept as JSON text, so that its fields may change later; slower than a struct."""

    def __class_getitem__(cls, of: Any) -> DocumentOf:
        return DocumentOf(of)


def json_type() -> ValueType:
    """The type of a `JSON` feature: text with a JSON value."""

    def encode(value: Any) -> str:
        try:
            return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError):
            raise TypeError(f"expected a JSON value, got {type(value).__name__}") from None

    return ValueType("str", encode, json.loads)


def document_type(annotation: DocumentOf) -> ValueType:
    """The type of a `Document[Struct]` feature. Raises NotAType when there is no structure in it."""
    struct = value_type(annotation.of)
    if not isinstance(struct.data_type, dict) or "struct" not in struct.data_type:
        raise NotAType("A Document holds a structure, such as a dataclass: `Document[Address]`.")

    def encode(value: Any) -> str:
        return json.dumps(struct.encode(value), default=_written, ensure_ascii=False, separators=(",", ":"))

    return ValueType("str", encode, lambda text: struct.decode(_read(struct.data_type, json.loads(text))))


def _written(value: Any) -> Any:
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.tolist()


READERS: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda value: timedelta(microseconds=value),
    "bytes": base64.b64decode,
}


def _read(data_type: Any, value: Any) -> Any:
    """The value in the form that a struct is decoded from. A field that the text lacks is None, others are left out."""
    if value is None:
        return None
    if isinstance(data_type, str):
        return READERS[data_type](value) if data_type in READERS else value
    ((kind, of),) = data_type.items()
    if kind == "struct":
        return {part["name"]: _read(part["type"], value.get(part["name"])) for part in of}
    if kind == "list":
        return [_read(of, item) for item in value]
    if kind == "map":
        return [(_read(of[0], key), _read(of[1], item)) for key, item in value]
    return value
