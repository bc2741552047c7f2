"""How a server starts and ends: what stops it from starting, its ready file, its log, and how it drains."""

import json
import os
import signal
import socket
import stat
import threading
import time
from pathlib import Path

import httpx
import pyarrow
import pytest

from live.running import COMMAND_SECONDS, assert_refused, run, serving

CANARY = "canary-d41e8f0a"
READY_KEYS = {"url", "client_id", "client_secret", "pid"}
MARKER_SECONDS = 10


def up(program: str, project: Path, data: Path, *options: str):
    """`creta up` that should not get far."""
    return run(program, "up", "--project", project, "--data", data, *options)


def test_a_port_that_is_taken(program, harbour_project, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        outcome = up(program, harbour_project, tmp_path / "data", "--port", port)
    assert_refused(outcome, 5, "port_taken", f"Port {port} is taken", "fix:", "--port 0")


def test_a_data_directory_in_use(program, server, client, harbour_project):
    outcome = up(program, harbour_project, server.data, "--port", "0")
    assert_refused(outcome, 5, "data_directory_locked", str(server.data), f"process {server.process.pid}", "`--data`")
    assert client.query({"vessel.id": 7}, ["vessel.name"]).get_feature_value("vessel.name") == "Orion"


@pytest.mark.parametrize(
    ("version", "status", "code", "words"),
    [
        ("999\n", 5, "data_directory_newer", ["newer Creta", "format 999", "fix: Upgrade Creta", "`--data`"]),
        ("nonsense\n", 6, "store_failed", ["version", "fix:", "backup"]),
    ],
)
def test_a_data_directory_that_is_not_ours(program, harbour_project, tmp_path, version, status, code, words):
    (tmp_path / "version").write_text(version)
    outcome = up(program, harbour_project, tmp_path, "--port", "0")
    assert_refused(outcome, status, code, *words)
    assert (tmp_path / "version").read_text() == version


def test_folders_that_cannot_be_used(program, harbour_project, tmp_path):
    missing = up(program, tmp_path / "nowhere", tmp_path / "data", "--port", "0")
    assert_refused(missing, 2, "missing_file", "nowhere", "fix: Name it with --project")
    file = harbour_project / "creta.yaml"
    assert_refused(up(program, harbour_project, file, "--port", "0"), 2, "missing_file", "creta.yaml")


def test_the_ready_file(server):
    assert stat.S_IMODE(os.stat(server.ready).st_mode) == 0o600
    assert set(server.credentials) == READY_KEYS
    assert server.credentials["pid"] == server.process.pid
    assert server.url.startswith("http://127.0.0.1:")
    kept = server.data / "credentials.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and json.loads(kept.read_text()) == server.credentials


def test_a_restart_keeps_deployment_and_credentials(program, harbour_project, tmp_path):
    with serving(program, harbour_project, tmp_path) as first:
        assert first.apply(harbour_project).status == 0
        known = first.credentials
    assert not first.ready.exists(), "a stale ready file leads to a server that is gone"
    with serving(program, harbour_project, tmp_path) as second:
        assert second.credentials["client_secret"] == known["client_secret"]
        outcome = second.command("query", "--in", "vessel.id=7", "--out", "vessel.toll", "--json")
        assert outcome.answer["data"][0]["value"] == 230.0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopping_server_answers_what_it_began(program, harbour_project, tmp_path, number):
    marker = tmp_path / "marker"
    answers = []
    with serving(program, harbour_project, tmp_path / "server") as running, running.client() as client:
        assert running.apply(harbour_project).status == 0
        url = running.url

        def ask() -> None:
            answers.append(client.query({"vessel.id": 7, "vessel.note": str(marker)}, ["vessel.patient"]))

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        wait_for(marker)
        running.process.send_signal(number)
        assert running.process.wait(COMMAND_SECONDS) == 0, running.log_text()
        asking.join(COMMAND_SECONDS)
    (answer,) = answers
    assert answer.get_feature_value("vessel.patient") is True and not answer.errors
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz", timeout=COMMAND_SECONDS)


def wait_for(marker: Path) -> None:
    deadline = time.monotonic() + MARKER_SECONDS
    while not marker.exists():
        assert time.monotonic() < deadline, f"{marker} was not written within {MARKER_SECONDS} s"
        time.sleep(0.01)


def say_the_canary(server) -> None:
    """Sends it wherever a caller can put a value, in requests that succeed and in requests that fail."""
    online, key = "/v1/query/online", {"vessel.id": 7}
    for inputs, output in [
        ({"company.id": CANARY}, "company.id"),
        ({"vessel.id": CANARY}, "vessel.name"),
        ({**key, "vessel.draft_m": CANARY}, "vessel.toll"),
        ({**key, "vessel.note": CANARY}, "vessel.told"),
        ({**key, CANARY: 1}, "vessel.name"),
    ]:
        assert server.post(online, {"inputs": inputs, "outputs": [output]}).status_code == 200
    server.post(online, b'{"inputs": {"vessel.name": "' + CANARY.encode())
    server.post("/v1/upload_features", {"input": {"vessel.id": [7], "vessel.note": [CANARY]}})
    server.post("/v1/upload_features", {"input": {"vessel.id": [CANARY], "vessel.note": [CANARY]}})
    server.post("/v1/oauth/token", {"client_id": CANARY, "client_secret": CANARY})
    time_column = {"columns": ["vessel.id", "vessel.note", "__ts__"], "values": [[7], [CANARY], [None]]}
    server.post("/v4/offline_query", {"output": ["vessel.told"], "input": time_column, "recompute_features": True})
    with server.client() as client:
        client.query_bulk(pyarrow.table({"company.id": [CANARY]}), ["company.id"])
        client.query_bulk(pyarrow.table({"vessel.id": [CANARY]}), ["vessel.name"])


@pytest.mark.parametrize(
    "level",
    [
        "info",
        "debug",
    ],
)
def test_the_log_keeps_secrets_and_values_to_itself(program, harbour_project, tmp_path, level):
    with serving(program, harbour_project, tmp_path, CRETA_LOG=level) as running:
        assert running.apply(harbour_project).status == 0
        say_the_canary(running)
        secrets = {"secret": running.credentials["client_secret"], "token": running.token, "value": CANARY}
    log = running.log_text()
    assert "serving" in log
    found = {name: line for name, secret in secrets.items() for line in log.splitlines() if secret in line}
    assert not found
