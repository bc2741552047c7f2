"""Starts a Creta server of its own for the demo, on a free port and in a temporary folder, and always stops it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from walkthrough.screen import DemoFailed

START_SECONDS = 120
STOP_SECONDS = 30
LOG_LINES = 30


@dataclass(frozen=True)
class Server:
    """A server that serves."""

    url: str
    credentials: Path
    seconds_to_start: float


def binary() -> str:
    """The `creta` program: CRETA_BIN, else the one on PATH."""
    named = os.environ.get("CRETA_BIN")
    found = shutil.which(named or "creta")
    if found is None:
        where = f"CRETA_BIN names {named}, which is no program" if named else "there is no `creta` on PATH"
        raise DemoFailed(f"{where}. `make demo` builds it and sets CRETA_BIN.")
    return os.path.abspath(found)


@contextmanager
def running(project: Path) -> Iterator[Server]:
    """`creta up` for the duration of the block; whatever ends the block ends the server."""
    program = binary()
    with tempfile.TemporaryDirectory(prefix="creta-demo-") as folder, _signals_as_exit():
        ready = Path(folder) / "ready.json"
        log = Path(folder) / "server.log"
        command = [
            program, "up", "--project", str(project), "--data", str(Path(folder) / "data"), "--port", "0",
            "--python", sys.executable, "--ready-file", str(ready),
        ]  # fmt: skip
        started = time.monotonic()
        with log.open("wb") as output:
            # A session of its own: Ctrl-C reaches only the demo, which then stops the server in an orderly way.
            process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        try:
            url = _wait_until_ready(process, ready, log)
            yield Server(url, ready, time.monotonic() - started)
        finally:
            _stop(process)


def apply(project: Path, server: Server) -> None:
    """`creta apply`, whose diff goes straight to the terminal."""
    point_at(server)
    command = [binary(), "apply", "--project", str(project)]
    # The SDK that exports the project is the one of this very Python environment.
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "VIRTUAL_ENV": sys.prefix}
    status = subprocess.run(command, env=environment, check=False).returncode
    if status != 0:
        raise DemoFailed(f"`creta apply` ended with status {status}; the reason is above.")


def point_at(server: Server) -> None:
    """Makes CLI and SDK find this server, even if the user's environment names another one."""
    for name in ("CRETA_API_SERVER", "CRETA_CLIENT_ID", "CRETA_CLIENT_SECRET"):
        os.environ.pop(name, None)
    os.environ["CRETA_CREDENTIALS"] = str(server.credentials)


def _wait_until_ready(process: subprocess.Popen, ready: Path, log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoFailed(f"`creta up` ended with status {process.returncode}:\n{_tail(log)}")
        try:
            return json.loads(ready.read_text(encoding="utf-8"))["url"]
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.02)
    raise DemoFailed(f"`creta up` did not serve within {START_SECONDS} s:\n{_tail(log)}")


def _stop(process: subprocess.Popen) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _signals_as_exit() -> Iterator[None]:
    """Lets `finally` blocks run when the demo is asked to end; without this they would not."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(number, leave) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])
