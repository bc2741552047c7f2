"""Frames on the worker's socket: lengths, a JSON header, and an Arrow IPC stream of one batch as the body."""

import json
import socket
import struct
from typing import Any

import pyarrow

# Length of the header (32 bit) and of the body (64 bit), little-endian.
LENGTHS = struct.Struct("<IQ")


class Closed(Exception):
    """The other side has closed the socket."""


class Channel:
    """One end of the socket."""

    def __init__(self, connection: socket.socket):
        self.connection = connection

    def send(self, header: dict[str, Any], batch: pyarrow.RecordBatch | None = None) -> None:
        """Sends one frame; no batch means an empty body."""
        encoded = json.dumps(header, ensure_ascii=False).encode("utf-8", "replace")
        if batch is None:
            self.connection.sendall(LENGTHS.pack(len(encoded), 0) + encoded)
            return
        sink = pyarrow.BufferOutputStream()
        with pyarrow.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        body = sink.getvalue()
        self.connection.sendall(LENGTHS.pack(len(encoded), body.size) + encoded)
        self.connection.sendall(body)

    def receive(self) -> tuple[dict[str, Any], pyarrow.RecordBatch | None]:
        """Waits for one frame. Raises Closed when there is none to come."""
        header_length, body_length = LENGTHS.unpack(self._exactly(LENGTHS.size))
        header = json.loads(bytes(self._exactly(header_length)))
        if body_length == 0:
            return header, None
        stream = pyarrow.ipc.open_stream(pyarrow.py_buffer(self._exactly(body_length)))
        return header, stream.read_next_batch()

    def _exactly(self, length: int) -> bytearray:
        data = bytearray(length)
        view = memoryview(data)
        while view:
            count = self.connection.recv_into(view)
            if count == 0:
                raise Closed
            view = view[count:]
        return data
