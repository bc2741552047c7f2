"""The two binary framings of the wire: bulk query requests, and the byte model of answers and uploads.

All lengths are unsigned 64-bit big-endian. `ByteModel` is a tree: attributes (JSON), named byte strings and named
nested models, each in order.
"""

import io
import json
import struct
from dataclasses import dataclass, field
from typing import Any

import pyarrow

QUERY_MAGIC = b"chal1"
MODEL_MAGIC = b"CHALK_BYTE_TRANSMISSION"
LENGTH = struct.Struct(">Q")


class FramingError(ValueError):
    """Bytes that do not follow the framing; the message says where."""


@dataclass
class ByteModel:
    """One node of the byte model."""

    attributes: dict[str, Any] = field(default_factory=dict)
    parts: dict[str, bytes] = field(default_factory=dict)
    nested: dict[str, "ByteModel"] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        inner = {name: model.to_bytes() for name, model in self.nested.items()}
        return b"".join(
            (
                MODEL_MAGIC,
                _block(self.attributes),
                _block({}),
                _block({name: len(part) for name, part in self.parts.items()}),
                *self.parts.values(),
                _block({name: len(part) for name, part in inner.items()}),
                *inner.values(),
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "ByteModel":
        """Reads a model; raises FramingError when a length leads outside of `data`."""
        reader = _Reader(memoryview(data))
        if bytes(reader.take(len(MODEL_MAGIC))) != MODEL_MAGIC:
            raise FramingError("the answer does not begin with the magic of the byte model")
        attributes = reader.json()
        reader.json()
        parts = {name: bytes(reader.take(length)) for name, length in reader.lengths()}
        nested = {name: cls.from_bytes(bytes(reader.take(length))) for name, length in reader.lengths()}
        return cls(attributes, parts, nested)


class _Reader:
    def __init__(self, data: memoryview):
        self.data = data
        self.position = 0

    def take(self, length: int) -> memoryview:
        end = self.position + length
        if length < 0 or end > len(self.data):
            raise FramingError(f"{length} bytes are announced at byte {self.position}, but the data ends before")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def json(self) -> dict[str, Any]:
        (length,) = LENGTH.unpack(self.take(LENGTH.size))
        try:
            value = json.loads(bytes(self.take(length)))
        except ValueError:
            raise FramingError(f"no JSON before byte {self.position}") from None
        if not isinstance(value, dict):
            raise FramingError(f"no JSON object before byte {self.position}")
        return value

    def lengths(self) -> list[tuple[str, int]]:
        """Names and lengths of what follows, in order."""
        items = list(self.json().items())
        for _name, length in items:
            if not isinstance(length, int) or isinstance(length, bool):
                raise FramingError(f"a length before byte {self.position} is not an integer")
        return items


def _block(value: dict[str, Any]) -> bytes:
    encoded = json.dumps(value).encode()
    return LENGTH.pack(len(encoded)) + encoded


def bulk_request(queries: list[tuple[dict[str, Any], pyarrow.Table]]) -> bytes:
    """The body of a bulk query: per query its JSON header and its inputs, one row per entity."""
    pieces = [QUERY_MAGIC]
    for header, inputs in queries:
        table = ipc_file(inputs)
        pieces += [_block(header), LENGTH.pack(len(table)), table]
    return b"".join(pieces)


def ipc_file(table: pyarrow.Table) -> bytes:
    """A table as an uncompressed Arrow IPC file."""
    sink = io.BytesIO()
    with pyarrow.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def read_ipc(data: bytes) -> pyarrow.Table | None:
    """A table from an Arrow IPC file or stream; None for no bytes."""
    if not data:
        return None
    if data.startswith(b"ARROW1"):
        return pyarrow.ipc.open_file(pyarrow.py_buffer(data)).read_all()
    return pyarrow.ipc.open_stream(pyarrow.py_buffer(data)).read_all()


@dataclass
class RawBulkResult:
    """One result of a bulk answer: the scalar table, a table per has-many output, errors and meta as JSON."""

    scalars: pyarrow.Table | None
    groups: dict[str, pyarrow.Table]
    errors: list[dict[str, Any]]
    meta: dict[str, Any] | None


def bulk_results(data: bytes) -> list[RawBulkResult]:
    """The results of a bulk answer, in the order of their keys in it."""
    inner = ByteModel.from_bytes(data).nested.get("query_results_bytes")
    if inner is None:
        raise FramingError(f"the answer of {len(data)} bytes holds no query results")
    return [_bulk_result(ByteModel.from_bytes(part)) for part in inner.parts.values()]


def _bulk_result(model: ByteModel) -> RawBulkResult:
    attributes = model.attributes
    groups = model.nested.get("groups_data")
    tables = {name: read_ipc(part) for name, part in groups.parts.items()} if groups is not None else {}
    meta = attributes.get("meta")
    return RawBulkResult(
        scalars=read_ipc(model.parts.get("scalar_data", b"")),
        groups={name: table for name, table in tables.items() if table is not None},
        errors=[json.loads(error) for error in attributes.get("errors") or []],
        meta=json.loads(meta) if meta else None,
    )
