"""A Creta server for one project: started, deployed to, reachable by the SDK, and stopped at the end of the block."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import paths  # noqa: F401  (before the modules of the example)
from failure import BenchFailed
from walkthrough import server
from walkthrough.screen import DemoFailed

if TYPE_CHECKING:
    from creta import CretaClient


@dataclass(frozen=True)
class Service:
    url: str
    process: int
    client: "CretaClient"
    credentials: Path
    seconds_to_start: float

    def token(self) -> str:
        """What wrk sends as bearer token."""
        written = json.loads(self.credentials.read_text(encoding="utf-8"))
        body = {name: written[name] for name in ("client_id", "client_secret")}
        answer = httpx.post(f"{self.url}/v1/oauth/token", json={**body, "grant_type": "client_credentials"})
        if answer.status_code != 200:
            raise BenchFailed(f"The server gives no token: {answer.status_code} {answer.text[:500]}")
        return answer.json()["access_token"]


def binary() -> Path:
    """The program under measurement."""
    try:
        return Path(server.binary())
    except DemoFailed:
        raise BenchFailed("Set CRETA_BIN to a release build of `creta`, or run `make bench`, which does.") from None


@contextmanager
def serving(project: Path) -> Iterator[Service]:
    """`creta up` and `creta apply` as a user would run them, with data in a temporary folder."""
    try:
        with server.running(project) as started:
            server.apply(project, started)
            from creta import CretaClient

            process = json.loads(started.credentials.read_text(encoding="utf-8"))["pid"]
            with CretaClient() as client:
                yield Service(started.url, process, client, started.credentials, started.seconds_to_start)
    except DemoFailed as failure:
        raise BenchFailed(str(failure)) from None
