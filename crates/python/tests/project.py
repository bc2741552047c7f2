"""What the tests' resolvers do. The line numbers of `crash` and `fails` are named in the tests."""

import os
import subprocess
import sys
import time

import pyarrow
import pyarrow.compute


def twice(batch, reply):
    return pyarrow.record_batch({"double": pyarrow.compute.multiply(batch.column(0), 2)})


def crash(batch, reply):
    import ctypes

    ctypes.string_at(0)


def fails(batch, reply):
    raise ValueError("no such berth")


def leaves(batch, reply):
    os._exit(3)


def waits(batch, reply):
    time.sleep(batch.column(0)[0].as_py() / 1000)
    return batch


def speaks(batch, reply):
    print("one\ntwo")
    print("careful", file=sys.stderr)
    print("x" * 100_000)


def process_id(batch, reply):
    return pyarrow.record_batch({"pid": pyarrow.array([os.getpid()])})


def environment(batch, reply):
    names = sorted(os.environ)
    return pyarrow.record_batch({"name": names, "value": [os.environ[name] for name in names]})


def reports_rows(batch, reply):
    reply["errors"] = [{"row": 1, "kind": "KeyError", "message": "k", "stacktrace": "", "file": None, "line": None}]
    reply["missing"] = {"double": [0]}
    return twice(batch, reply)


def reports_strange_rows(batch, reply):
    reply["missing"] = {"double": [99]}
    return twice(batch, reply)


def garbles(batch, reply):
    connection.sendall(b"\xff" * 64)  # noqa: F821 (the worker puts it here)
    time.sleep(60)


def begets_and_waits(batch, reply):
    child = subprocess.Popen(["sleep", "600"])
    print(f"child {child.pid}", flush=True)
    time.sleep(600)


def leaves_when_idle(batch, reply):
    import threading

    threading.Timer(0.05, lambda: os._exit(0)).start()


def meets(batch, reply):
    """Returns when the other of two calls has begun as well."""
    own = batch.column(0)[0].as_py()
    open(f"met-{own}", "w").close()
    while not os.path.exists(f"met-{1 - own}"):
        time.sleep(0.001)
    return batch


calls = 0


def counts(batch, reply):
    global calls
    calls += 1
    return pyarrow.record_batch({"count": pyarrow.array([calls])})
