"""Resolvers that raise, dawdle or die: the rest of the answer stands, and the next query works."""

import time

import httpx
import pytest

from live.harbour import RESOLVERS, line_of
from live.running import COMMAND_SECONDS, assert_refused, refusal

NORMAL = {"vessel.name": "Orion", "vessel.toll": 230.0, "vessel.berth.name": "North quay"}
# The slow resolver sleeps for 20 s; its timeout must end it long before.
PATIENCE_SECONDS = 10


def values(result) -> dict:
    return {cell.field: cell.value for cell in result.data if cell.error is None}


def only_error(result):
    (error,) = result.errors
    return error


def test_everything_that_works_is_answered(client):
    result = client.query({"vessel.id": 7}, list(NORMAL))
    assert values(result) == NORMAL and not result.errors


@pytest.mark.parametrize(
    ("name", "letter", "code", "words"),
    [
        ("broken", "resolver_failed", "RESOLVER_FAILED", ["ValueError", "the scale is broken"]),
        ("slow", "resolver_timed_out", "RESOLVER_TIMED_OUT", ["resolvers.slow", "longer than 300ms"]),
        ("fatal", "worker_died", "RESOLVER_FAILED", ["resolvers.fatal", "killed by signal 9"]),
        ("leaves", "resolver_failed", "RESOLVER_FAILED", ["SystemExit: 3"]),
        ("absent", "validation_failed", "VALIDATION_FAILED", ["`vessel.absent` cannot be null"]),
        ("narrow", "validation_failed", "VALIDATION_FAILED", ["vessel.narrow", "expected int, got str"]),
    ],
)
def test_one_failure_leaves_the_others_standing(client, name, letter, code, words):
    begun = time.monotonic()
    result = client.query({"vessel.id": 7}, [*NORMAL, f"vessel.{name}"])
    assert time.monotonic() - begun < PATIENCE_SECONDS
    assert values(result) == NORMAL
    after = client.query({"vessel.id": 8}, ["vessel.name", "vessel.toll"])
    assert values(after) == {"vessel.name": "Vega", "vessel.toll": 180.0} and not after.errors
    error = only_error(result)
    assert (error.letter, error.code, error.category) == (letter, code, "FIELD")
    assert error.feature == f"vessel.{name}" and error.resolver in (f"resolvers.{name}", None)
    for word in words:
        assert word in error.message


def test_an_exception_names_the_line_that_raised(client):
    error = only_error(client.query({"vessel.id": 7}, ["vessel.broken"]))
    assert error.place == {"file": "resolvers.py", "line": line_of(RESOLVERS, "# raises")}
    assert (error.exception.kind, error.exception.message) == ("ValueError", "the scale is broken")
    assert "resolvers.py" in error.exception.stacktrace


@pytest.mark.parametrize("name", ["slow", "fatal"])
def test_a_timeout_or_death_names_the_resolvers_place(client, name):
    error = only_error(client.query({"vessel.id": 7}, [f"vessel.{name}"]))
    assert error.fix
    assert error.place and error.place["file"] == "resolvers.py"


def test_a_wrong_value_shows_nothing_of_our_own_code(client):
    error = only_error(client.query({"vessel.id": 7}, ["vessel.narrow"]))
    assert "creta/working" not in (error.exception.stacktrace if error.exception else "")


def test_much_output_does_no_harm(client):
    result = client.query({"vessel.id": 7}, ["vessel.chatty", "vessel.toll"])
    assert result.to_dict() == {"vessel.chatty": 11.5, "vessel.toll": 230.0} and not result.errors


def test_a_resolver_that_keeps_dying_is_given_a_rest(client):
    errors = []
    for _query in range(4):
        result = client.query({"vessel.id": 7}, [*NORMAL, "vessel.mortal"])
        assert values(result) == NORMAL
        errors.append(only_error(result))
    assert {error.letter for error in errors} == {"worker_died"} and all(error.fix for error in errors)
    assert "exited with status 1" in errors[0].message
    assert "3 times in a minute" in errors[-1].message


def test_the_callers_deadline(server):
    headers = {"Authorization": f"Bearer {server.token}", "X-Creta-Timeout": "50"}
    body = {"inputs": {"vessel.id": 7}, "outputs": ["vessel.slow"]}
    response = httpx.post(f"{server.url}/v1/query/online", json=body, headers=headers, timeout=COMMAND_SECONDS)
    error = refusal(response, 200)
    assert (error["letter"], error["code"]) == ("deadline_exceeded", "DEADLINE_EXCEEDED")
    assert "50 ms" in error["message"] and error["fix"]


def test_a_missing_row_makes_what_needs_it_fail(client):
    result = client.query({"vessel.id": 99}, ["vessel.toll"])
    error = only_error(result)
    assert (error.letter, error.code) == ("upstream_failed", "UPSTREAM_FAILED")
    assert "vessel.draft_m" in error.message and result.data[0].value is None


@pytest.mark.parametrize(
    ("name", "status", "code", "words"),
    [
        ("broken", 6, "resolver_failed", ["the scale is broken", "resolvers.py"]),
        ("slow", 7, "resolver_timed_out", ["longer than 300ms", "fix:", "longer `timeout`"]),
    ],
)
def test_the_command_shows_values_and_failure(server, name, status, code, words):
    outcome = server.command("query", "--in", "vessel.id=7", "--out", "vessel.name", "--out", f"vessel.{name}")
    assert_refused(outcome, status, code, *words)
    assert '"Orion"' in outcome.stdout


def test_the_command_says_where_a_resolver_raised(server):
    outcome = server.command("query", "--in", "vessel.id=7", "--out", "vessel.broken")
    assert_refused(outcome, 6, "resolver_failed", f"at resolvers.py:{line_of(RESOLVERS, '# raises')}")
