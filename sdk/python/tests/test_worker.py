"""The worker, driven over a real Unix socket as the server drives it."""

import json
import os
import socket
import struct
import subprocess
import sys
from datetime import UTC, datetime

import pyarrow
import pytest
from conftest import export

LENGTHS = struct.Struct("<IQ")
STAMP = pyarrow.timestamp("us", "UTC")
CALLS = pyarrow.large_list(pyarrow.struct([("port_call.teu", pyarrow.int64())]))


class Server:
    """The server's end: an implementation of the frames of its own."""

    def __init__(self, root, tmp_path):
        self.path = str(tmp_path / "socket")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen()
        listener.settimeout(20)
        command = [sys.executable, "-m", "creta.worker", "--socket", self.path]
        command += ["--bundle", str(tmp_path / "out" / "bundle.json"), "--root", str(root)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.connection, _address = listener.accept()
        listener.close()
        self.number = 0

    def receive(self):
        header_length, body_length = LENGTHS.unpack(self._exactly(LENGTHS.size))
        header = json.loads(self._exactly(header_length))
        body = self._exactly(body_length)
        table = pyarrow.ipc.open_stream(body).read_all() if body else None
        return header, table

    def _exactly(self, length):
        data = b""
        while len(data) < length:
            piece = self.connection.recv(length - len(data))
            assert piece, self.process.communicate()[0]
            data += piece
        return data

    def call(self, resolver, rows, batch=None, context=None):
        self.number += 1
        header = {"kind": "call", "id": self.number, "resolver": resolver, "rows": rows, "context": context or {}}
        encoded = json.dumps(header).encode()
        body = b""
        if batch is not None:
            sink = pyarrow.BufferOutputStream()
            with pyarrow.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            body = sink.getvalue().to_pybytes()
        self.connection.sendall(LENGTHS.pack(len(encoded), len(body)) + encoded + body)
        header, table = self.receive()
        assert (header["kind"], header["id"]) == ("result", self.number)
        return header, table

    def close(self):
        self.connection.close()
        log = self.process.communicate(timeout=20)[0]
        return self.process.returncode, log


@pytest.fixture
def start(tmp_path):
    servers = []

    def start_worker(root):
        written = export(root, tmp_path / "out")
        assert written.status == 0, written.stdout + written.stderr
        servers.append(Server(root, tmp_path))
        return servers[-1]

    yield start_worker
    for server in servers:
        server.close()


def risk_batch(flags, calls, scores, teu):
    return pyarrow.record_batch(
        {
            "flag": pyarrow.array(flags, pyarrow.large_string()),
            "calls": pyarrow.array(calls, CALLS),
            "score": pyarrow.array(scores, pyarrow.float64()),
            "teu": pyarrow.array(teu, pyarrow.float64()),
        }
    )


def rows_of(*values):
    return [{"port_call.teu": value} for value in values]


def test_scalar_rows_fail_alone(port_project, start):
    server = start(port_project)
    header, _table = server.receive()
    assert header["kind"] == "ready" and header["pid"] == server.process.pid
    assert header["python"].count(".") == 2
    batch = risk_batch(["PA", "MT", "PA"], [rows_of(3, None), [], []], [None, 2000.0, 1.0], [0.5, 0.0, 0.0])
    header, table = server.call("resolvers.risk", 3, batch)
    assert table.to_pydict() == {"risk": [3.5, None, 0.0], "risk_reason": ["PANAMA", None, "PANAMA"]}
    assert table.schema.types == [pyarrow.float64(), pyarrow.large_string()]
    (error,) = header["errors"]
    assert (error["row"], error["kind"], error["message"]) == (1, "ValueError", "the score is too high")
    assert (error["file"], error["line"]) == ("resolvers.py", 19)
    assert "creta/working" not in error["stacktrace"] and "resolvers.py" in error["stacktrace"]
    assert header["missing"] == {}


def test_async_now_frames_and_no_parameters(port_project, start):
    server = start(port_project)
    server.receive()
    now = pyarrow.array([datetime(2030, 1, 1, tzinfo=UTC)] * 2, STAMP)
    names = pyarrow.array(["ab", "abc"], pyarrow.large_string())
    header, table = server.call("resolvers.name_length", 2, pyarrow.record_batch({"name": names, "now": now}))
    assert (table.to_pydict(), header["errors"]) == ({"score": [2032.0, 2033.0]}, [])
    batch = pyarrow.record_batch({"vessel.id": [1, 2], "vessel.draft_m": [2.5, None], "__now__": now})
    header, table = server.call("resolvers.fees", 2, batch)
    assert header["errors"] == []
    assert table.schema.types == [pyarrow.int64(), pyarrow.float64()]
    assert table.column("id").to_pylist() == [1, 2] and table.column("fee")[0].as_py() == 5.0
    header, table = server.call("resolvers.all_calls", 0)
    assert header["errors"] == []
    assert table.to_pylist() == [{"id": 1, "vessel_id": 7, "teu": 3, "detained": False, "ts": None}]
    assert server.close() == (0, "")


SHAPES = """
    import sys
    from datetime import datetime
    import pandas, polars, pyarrow
    from creta import CretaContext, DataFrame, Features, features, online, offline

    @features
    class A:
        id: int
        x: float
        n: int
        s: str | None
        t: datetime
        w: int

    @online
    def bad_type(id: A.id) -> A.x:
        return "not a number"

    @online
    def partly(id: A.id) -> Features[A.x, A.s]:
        return A(x=1)

    @online
    def big(id: A.id) -> A.n:
        return 2 ** (62 + id)

    @online
    def dies(id: A.id) -> A.w:
        sys.exit(3)

    @online
    def context(id: A.id) -> A.s:
        print("in the log")
        return CretaContext.get("who")

    @offline
    def pandas_frame(d: DataFrame[A.id]) -> DataFrame[A.id, A.x, A.s]:
        f = d.to_pandas(prefixed=False)
        f["x"] = [1.0, float("nan")]
        f["s"] = ["a", None]
        return f

    @offline
    def polars_frame(d: DataFrame[A.id]) -> DataFrame[A.id, A.t]:
        return d.to_polars().with_columns(polars.lit(datetime(2030, 1, 1)).alias("a.t"))

    @offline
    def arrow_frame(d: DataFrame[A.id]) -> DataFrame[A.id, A.n]:
        return pyarrow.table({"id": d.to_pyarrow()["a.id"], "n": pyarrow.array([1.0, 2.5])})

    @offline
    def wrong_frame(d: DataFrame[A.id]) -> DataFrame[A.id, A.n]:
        return pyarrow.table({"id": d.to_pyarrow()["a.id"], "n": ["1", "2"]})

    @offline
    def instances(d: DataFrame[A.id]) -> DataFrame[A.id, A.s]:
        return [A(id=row["a.id"], s="x") for row in d]
"""


def test_types_are_checked_and_every_table_is_taken(project, start):
    server = start(project.write(shapes_py=SHAPES).root)
    server.receive()
    ids = pyarrow.record_batch({"id": [0, 1]})
    frame = pyarrow.record_batch({"a.id": [0, 1]})
    header, table = server.call("shapes.bad_type", 2, ids)
    assert table.to_pydict() == {"x": [None, None]}
    assert header["errors"][1]["kind"] == "WrongValue"
    assert header["errors"][1]["message"] == "a.x: expected float, got str"
    header, table = server.call("shapes.partly", 2, ids)
    assert (table.to_pydict(), header["missing"]) == ({"x": [1.0, 1.0], "s": [None, None]}, {"s": [0, 1]})
    header, table = server.call("shapes.big", 2, ids)
    assert table.to_pydict() == {"n": [2**62, None]}
    assert header["errors"][0]["row"] == 1
    header, table = server.call("shapes.dies", 1, pyarrow.record_batch({"id": [0]}))
    assert header["errors"][0]["kind"] == "SystemExit"
    header, table = server.call("shapes.context", 1, pyarrow.record_batch({"id": [0]}), {"who": "me"})
    assert table.to_pydict() == {"s": ["me"]}
    header, table = server.call("shapes.pandas_frame", 2, frame)
    assert table.column("s").to_pylist() == ["a", None]
    assert str(table.column("x").to_pylist()) == "[1.0, nan]"
    header, table = server.call("shapes.polars_frame", 2, frame)
    assert table.column("t").to_pylist() == [datetime(2030, 1, 1, tzinfo=UTC)] * 2
    for name in ("shapes.arrow_frame", "shapes.wrong_frame"):
        header, table = server.call(name, 2, frame)
        assert table is None and header["errors"][0]["row"] is None
        assert header["errors"][0]["message"].startswith("a.n: expected int, got ")
    header, table = server.call("shapes.instances", 2, frame)
    assert table.to_pydict() == {"id": [0, 1], "s": ["x", "x"]}
    header, table = server.call("shapes.unknown", 1)
    assert header["errors"][0]["kind"] == "KeyError"
    assert server.close() == (0, "in the log\n")


def test_a_project_that_does_not_import_says_so(project, start, tmp_path, monkeypatch):
    project.write(
        features_py="""
        import os
        from creta import features, online
        if os.environ.get("BROKEN"):
            import no_such_module
        @features
        class A:
            id: int
            x: int
        @online
        def f(id: A.id) -> A.x:
            return 1
        """
    )
    server = start(project.root)
    assert server.receive()[0]["kind"] == "ready"
    server.close()
    os.remove(server.path)
    monkeypatch.setenv("BROKEN", "1")
    other = Server(project.root, tmp_path)
    header, _table = other.receive()
    assert header["kind"] == "failed" and "no_such_module" in header["error"]["message"]
    assert other.close()[0] == 1


ASYNC = """
    import asyncio
    from creta import CretaContext, Features, after_all, before_all, features, online

    loops = set()
    state = {"flying": 0, "most": 0, "booted": []}

    @features
    class A:
        id: int
        x: int
        y: int
        s: str
        z: int
        risk: float = __import__("creta").feature(version=2, default_version=1)

    @before_all
    async def boot():
        state["booted"].append("all")
        loops.add(id(asyncio.get_running_loop()))

    @before_all(environment="nowhere")
    def not_here():
        state["booted"].append("nowhere")

    @after_all
    def bye():
        print("bye", flush=True)

    @online(timeout="2s")
    async def together(id: A.id) -> A.x:
        loops.add(__builtins__["id"](asyncio.get_running_loop()))
        state["flying"] += 1
        state["most"] = max(state["most"], state["flying"])
        await asyncio.sleep(0.05)
        state["flying"] -= 1
        if id == 3:
            raise ValueError("three")
        return id * 10

    @online
    async def facts(id: A.id) -> A.s:
        return f"{state['most']} {len(loops)} {','.join(state['booted'])} {CretaContext.get('who')}"

    @online(timeout="200ms")
    async def slow(id: A.id) -> A.y:
        await asyncio.sleep(10 if id == 1 else 0)
        return id

    @online
    async def own_timeout(id: A.id) -> A.z:
        raise TimeoutError("of another service")

    @online
    def versions(id: A.id) -> Features[A.risk @ 2, A.risk]:
        return A(risk=1.0, **{"risk@2": 2.0})
"""


def test_rows_of_async_resolvers_run_at_once_and_fail_alone(project, start):
    server = start(project.write(calls_py=ASYNC).root)
    assert server.receive()[0]["kind"] == "ready"
    ids = pyarrow.record_batch({"id": list(range(600))})
    header, table = server.call("calls.together", 600, ids)
    assert [error["row"] for error in header["errors"]] == [3]
    assert table.column("x")[599].as_py() == 5990 and table.column("x")[3].as_py() is None
    one = pyarrow.record_batch({"id": [0]})
    header, table = server.call("calls.facts", 1, one, {"who": "me"})
    # 256 in flight, one loop for hooks and calls, and only the hook of every environment.
    assert table.to_pydict() == {"s": ["256 1 all me"]}
    header, table = server.call("calls.slow", 3, pyarrow.record_batch({"id": [0, 1, 2]}))
    assert table.to_pydict() == {"y": [0, None, 2]}
    assert [(error["row"], error["kind"]) for error in header["errors"]] == [(1, "ResolverTimedOut")]
    header, table = server.call("calls.own_timeout", 1, one)
    assert header["errors"][0]["kind"] == "TimeoutError"
    header, table = server.call("calls.versions", 1, one)
    assert table.to_pydict() == {"risk@2": [2.0], "risk": [1.0]}
    assert server.close() == (0, "bye\n")


def test_a_hook_that_raises_keeps_the_worker_from_starting(project, start):
    project.write(calls_py=ASYNC.replace('state["booted"].append("all")', 'raise RuntimeError("no model")', 1))
    server = start(project.root)
    header, _table = server.receive()
    assert header["kind"] == "failed" and header["error"]["message"] == "no model"
    assert header["error"]["file"] == "calls.py"
    assert server.close()[0] == 1
