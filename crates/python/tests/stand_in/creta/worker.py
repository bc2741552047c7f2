"""Speaks the workers' protocol and calls functions of the tests' `project.py`: `function(batch, reply) -> batch`."""

import argparse
import io
import json
import os
import platform
import socket
import struct
import sys
import traceback

import pyarrow


def exactly(connection, length):
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data


def send(connection, header, batch=None):
    body = b""
    if batch is not None:
        sink = io.BytesIO()
        with pyarrow.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        body = sink.getvalue()
    text = json.dumps(header).encode()
    connection.sendall(struct.pack("<IQ", len(text), len(body)) + text + body)


def error(raised, root):
    frame = traceback.extract_tb(raised.__traceback__)[-1]
    return {
        "row": None,
        "kind": type(raised).__name__,
        "message": str(raised),
        "stacktrace": traceback.format_exc(),
        "file": os.path.relpath(frame.filename, root),
        "line": frame.lineno,
    }


def main():
    parser = argparse.ArgumentParser()
    for name in ("--socket", "--bundle", "--root"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(options.socket)
    sys.path.insert(0, options.root)
    try:
        import project
    except Exception as raised:
        send(connection, {"kind": "failed", "error": error(raised, options.root)})
        return
    project.connection = connection
    send(connection, {"kind": "ready", "python": platform.python_version(), "pid": os.getpid()})
    while True:
        header_length, body_length = struct.unpack("<IQ", exactly(connection, 12))
        header = json.loads(exactly(connection, header_length))
        body = exactly(connection, body_length)
        batch = pyarrow.ipc.open_stream(body).read_next_batch() if body else None
        reply = {"kind": "result", "id": header["id"], "errors": [], "missing": {}}
        try:
            result = getattr(project, header["resolver"])(batch, reply)
        except Exception as raised:
            result = None
            reply["errors"].append(error(raised, options.root))
        send(connection, reply, result)


main()
