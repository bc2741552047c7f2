"""Requests that are not what the server expects: bodies, sizes, tokens, credentials, routes."""

import json

import httpx
import pyarrow
import pytest

from creta import CretaClient, CretaException
from creta.client.framing import bulk_request, bulk_results
from live.running import COMMAND_SECONDS, assert_refused, refusal, serving

ONLINE = "/v1/query/online"
BULK = "/v1/query/feather"
QUERY = {"inputs": {"vessel.id": 7}, "outputs": ["vessel.name"]}
BODY_LIMIT = 2_000


@pytest.fixture(scope="session")
def small_server(program, harbour_project, tmp_path_factory):
    """A server that takes small bodies only, and has nothing deployed."""
    folder = tmp_path_factory.mktemp("small")
    with serving(program, harbour_project, folder, "--body-limit", str(BODY_LIMIT)) as running:
        yield running


def bulk_body(keys: list, **header) -> bytes:
    table = pyarrow.table({"vessel.id": keys})
    return bulk_request([({"outputs": ["vessel.name"], **header}, table)])


def assert_says_where(error: dict, *words: str) -> None:
    assert (error["letter"], error["code"], error["category"]) == ("malformed_request", "PARSE_FAILED", "REQUEST")
    for word in words:
        assert word in error["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"inputs": {"vessel.id": 7},\n "outputs": [', ["not JSON", "line 2, column 13"]),
        (b"", ["not JSON"]),
        (b"\xff\xfe", ["not JSON", "line 1"]),
        (b"null", ["does not fit"]),
        (b"[" * 100_000, ["does not fit", "line 1"]),
        (json.dumps({**QUERY, "outputs": "vessel.name"}).encode(), ["does not fit", "column", "sequence"]),
        (json.dumps({**QUERY, "inputs": [7]}).encode(), ["does not fit", "column 11", "map"]),
    ],
    ids=["cut short", "empty", "no UTF-8", "null", "deep", "text for a list", "list for an object"],
)
def test_malformed_bodies(server, body, words):
    assert_says_where(refusal(server.post(ONLINE, body), 400), *words)


@pytest.mark.parametrize("route", [ONLINE, "/v1/upload_features"])
def test_an_array_is_not_a_request(server, route):
    fields = QUERY if route == ONLINE else {"input": {"vessel.id": [7], "vessel.crew": [3]}}
    assert_says_where(refusal(server.post(route, list(fields.values())), 400), "does not fit")


@pytest.mark.parametrize(
    ("route", "body"),
    [(ONLINE, None), ("/v4/offline_query", {"output": ["vessel.name"], "recompute_features": "all"})],
)
def test_no_letter_speaks_rust(server, route, body):
    error = refusal(server.post(route, body), 400)
    assert not any(word in error["message"] for word in ("struct", "enum", "variant", "QueryBody"))


@pytest.mark.parametrize("cut", [5, 20, -10])
def test_bulk_bodies_cut_short(server, cut):
    error = refusal(server.post(BULK, bulk_body([7])[:cut]), 400)
    words = "holds no query" if cut == 5 else "ends in the middle"
    assert_says_where(error, words)


def test_bulk_bodies_of_something_else(server):
    assert_says_where(refusal(server.post(BULK, b"nonsense"), 400), "`chal1`")
    overlong = b"chal1" + b"\xff" * 8 + b"{}"
    assert_says_where(refusal(server.post(BULK, overlong), 400), "ends in the middle")


@pytest.mark.parametrize(
    ("keys", "header", "letter", "words"),
    [
        ([7, 8], {"outputs": ["vessel.nme"]}, "unknown_query_feature", ["vessel.nme"]),
        (["x", "y"], {}, "invalid_input", ["not int"]),
        ([7, None], {}, "invalid_input", ["`vessel.id`", "null", "row 1"]),
        ([7, 8], {"now": ["2026-01-01T00:00:00Z"]}, "invalid_query", ["1 instants for 2 rows"]),
    ],
)
def test_bulk_queries_that_are_refused(server, keys, header, letter, words):
    response = server.post(BULK, bulk_body(keys, **header))
    assert response.status_code == 200
    (result,) = bulk_results(response.content)
    (error,) = result.errors
    assert error["letter"] == letter and result.scalars is None
    for word in words:
        assert word in error["message"]


def test_after_all_that_bulk_works(server):
    (result,) = bulk_results(server.post(BULK, bulk_body([7, 8])).content)
    assert result.scalars.to_pydict() == {"vessel.name": ["Orion", "Vega"]} and not result.errors


def pieces():
    """A body without an announced length."""
    for _piece in range(10):
        yield b" " * (BODY_LIMIT // 5)


@pytest.mark.parametrize("route", [ONLINE, BULK, "/v1/upload_features", "/v4/offline_query", "/v1/deployments"])
@pytest.mark.parametrize("body", [b" " * (BODY_LIMIT + 1), pieces], ids=["announced", "in pieces"])
def test_bodies_over_the_limit(small_server, route, body):
    headers = {"Authorization": f"Bearer {small_server.token}"}
    content = body if isinstance(body, bytes) else body()
    response = httpx.post(small_server.url + route, content=content, headers=headers, timeout=COMMAND_SECONDS)
    error = refusal(response, 413)
    assert error["letter"] == "body_too_large" and str(BODY_LIMIT) in error["message"] and error["fix"]
    assert httpx.get(f"{small_server.url}/healthz", timeout=COMMAND_SECONDS).status_code == 200


def test_a_project_over_the_limit(small_server, harbour_project):
    outcome = small_server.apply(harbour_project)
    assert_refused(outcome, 2, "body_too_large", str(BODY_LIMIT), "fix:", "body limit")


def test_nothing_is_deployed_yet(small_server):
    error = refusal(small_server.post(ONLINE, QUERY), 409)
    assert error["letter"] == "nothing_deployed" and "creta apply" in error["fix"]
    outcome = small_server.command("query", "--in", "vessel.id=7", "--out", "vessel.name")
    assert_refused(outcome, 5, "nothing_deployed", "fix: Run `creta apply`")


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "no bearer token"),
        ({"Authorization": "Bearer garbage"}, "unknown or has expired"),
        ({"Authorization": "Basic bWU6c2VjcmV0"}, "no bearer token"),
        ({"Authorization": b"Bearer \xff\xfe"}, "no bearer token"),
    ],
)
@pytest.mark.parametrize("route", [ONLINE, "/v1/deployments", "/v1/upload_features"])
def test_tokens(server, route, headers, words):
    response = httpx.post(server.url + route, json=QUERY, headers=headers, timeout=COMMAND_SECONDS)
    error = refusal(response, 401)
    assert (error["letter"], error["code"]) == ("unauthenticated", "UNAUTHENTICATED")
    assert words in error["message"] and "/v1/oauth/token" in error["fix"]


@pytest.mark.parametrize("wrong", ["client_id", "client_secret"])
def test_wrong_credentials(server, tmp_path, wrong):
    credentials = {**server.credentials, wrong: "wrong"}
    body = {name: credentials[name] for name in ("client_id", "client_secret")}
    response = httpx.post(f"{server.url}/v1/oauth/token", json=body, timeout=COMMAND_SECONDS)
    error = refusal(response, 401)
    assert error["letter"] == "unauthenticated" and "creta up" in error["fix"]
    assert isinstance(response.json()["detail"], str)
    file = tmp_path / "credentials.json"
    file.write_text(json.dumps(credentials))
    outcome = server.command("query", "--in", "vessel.id=7", "--credentials", file)
    assert_refused(outcome, 3, "unauthenticated", "wrong", "fix:", "creta up")
    assert server.credentials["client_secret"] not in outcome.stderr + outcome.stdout
    with CretaClient(api_server=server.url, **body) as refused, pytest.raises(CretaException) as caught:
        refused.query({"vessel.id": 7}, ["vessel.name"])
    assert (caught.value.status, caught.value.code) == (401, "unauthenticated")


@pytest.mark.parametrize("body", [{}, {"client_id": "a"}, {"client_id": 1, "client_secret": "b"}])
def test_token_requests_that_lack_something(server, body):
    response = httpx.post(f"{server.url}/v1/oauth/token", json=body, timeout=COMMAND_SECONDS)
    assert_says_where(refusal(response, 400), "does not fit")


def test_unknown_routes_and_environments(server):
    assert refusal(server.post("/v1/nothing", {}), 404)["fix"]
    headers = {"Authorization": f"Bearer {server.token}", "X-Creta-Env-Id": "elsewhere"}
    response = httpx.post(server.url + ONLINE, json=QUERY, headers=headers, timeout=COMMAND_SECONDS)
    assert "`default`" in refusal(response, 404)["fix"]
