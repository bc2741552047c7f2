"""Runs the real `creta` program: commands that end, and servers that are stopped as an operator stops them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from creta import CretaClient

START_SECONDS = 30
COMMAND_SECONDS = 30
STOP_SECONDS = 15


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it said."""

    status: int
    stdout: str
    stderr: str

    @property
    def answer(self) -> Any:
        """Standard output, which must be one JSON document."""
        return json.loads(self.stdout)


def environment(**more: str) -> dict[str, str]:
    """The caller's environment without anything that could lead to another server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRETA_")}
    return {**kept, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1", **more}


@dataclass(frozen=True)
class Server:
    """A server that serves, and how to talk to it."""

    program: str
    process: subprocess.Popen
    project: Path
    data: Path
    ready: Path
    log: Path

    @property
    def credentials(self) -> dict[str, Any]:
        return json.loads(self.ready.read_text(encoding="utf-8"))

    @property
    def url(self) -> str:
        return self.credentials["url"]

    def client(self) -> CretaClient:
        known = self.credentials
        return CretaClient(
            api_server=known["url"],
            client_id=known["client_id"],
            client_secret=known["client_secret"],
            timeout=COMMAND_SECONDS,
        )

    def command(self, *arguments: str | Path) -> Outcome:
        """Runs one `creta` command against this server."""
        return run(self.program, *arguments, CRETA_CREDENTIALS=str(self.ready))

    def apply(self, project: Path, *arguments: str) -> Outcome:
        return self.command("apply", "--project", project, "--python", sys.executable, *arguments)

    @cached_property
    def token(self) -> str:
        known = {name: self.credentials[name] for name in ("client_id", "client_secret")}
        answer = httpx.post(f"{self.url}/v1/oauth/token", json=known, timeout=COMMAND_SECONDS)
        return answer.json()["access_token"]

    def post(self, path: str, body: Any) -> httpx.Response:
        """Posts JSON, or bytes as they are, with a good token."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.post(f"{self.url}{path}", content=content, headers=headers, timeout=COMMAND_SECONDS)

    def log_text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> int:
        """Asks the server to end and answers its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)


def run(program: str, *arguments: str | Path, folder: Path | None = None, **variables: str) -> Outcome:
    """Runs `creta` with these arguments to its end, in this folder."""
    completed = subprocess.run(
        [program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        cwd=folder,
        env=environment(**variables),
        check=False,
    )
    return Outcome(completed.returncode, completed.stdout, completed.stderr)


@contextmanager
def serving(program: str, project: Path, folder: Path, *options: str, **variables: str) -> Iterator[Server]:
    """A server for the length of the block, which may stop it itself."""
    folder.mkdir(parents=True, exist_ok=True)
    ready, log, data = folder / "ready.json", folder / "server.log", folder / "data"
    arguments = ["--data", data, "--port", "0", "--python", sys.executable, "--ready-file", ready, "--workers", "2"]
    command = [program, "up", "--project", project, *arguments, *options]
    with log.open("wb") as output:
        process = subprocess.Popen(list(map(str, command)), stdout=output, stderr=output, env=environment(**variables))
    server = Server(program, process, project, data, ready, log)
    try:
        wait_until_ready(server)
        yield server
        if process.poll() is None:
            assert server.stop() == 0, server.log_text()
        assert "panicked" not in server.log_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(STOP_SECONDS)


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.ready.exists():
        assert server.process.poll() is None, server.log_text()
        assert time.monotonic() < deadline, f"not ready within {START_SECONDS} s: {server.log_text()}"
        time.sleep(0.02)


def assert_refused(outcome: Outcome, status: int, code: str, *words: str) -> None:
    """The command ended with this status and wrote a letter with this code and these words."""
    said = outcome.stderr
    assert f"error[{code}]: " in said, outcome
    assert "error[bug]" not in said and "panicked" not in said, outcome
    for word in words:
        assert word in said, (word, said)
    assert outcome.status == status, outcome


def refusal(response: httpx.Response, status: int) -> dict[str, Any]:
    """The one error of an answer with this HTTP status; refused queries are told in a 200."""
    assert response.status_code == status, response.text
    errors = response.json()["errors"] or []
    assert len(errors) == 1, response.text
    return errors[0]
