"""Queries that cannot be answered: unknown names, wrong types, nulls, missing keys; over HTTP and as commands."""

import pytest

from live.running import assert_refused, refusal

ONLINE = "/v1/query/online"
VESSEL = {"vessel.id": 7}


def ask(server, **body) -> dict:
    """The one error of a query that is refused as a whole."""
    response = server.post(ONLINE, {"inputs": VESSEL, "outputs": ["vessel.name"], **body})
    error = refusal(response, 200)
    assert response.json()["data"] == []
    return error


REFUSED = {
    "unknown output": (
        {"outputs": ["vessel.nme"]},
        ("unknown_query_feature", "PARSE_FAILED", "vessel.nme"),
        ["undefined feature 'vessel.nme'"],
        "Did you mean `vessel.name`?",
    ),
    "unknown input": (
        {"inputs": {"vessel.idd": 7}},
        ("unknown_query_feature", "PARSE_FAILED", "vessel.idd"),
        ["no feature `vessel.idd`"],
        "Did you mean `vessel.id`?",
    ),
    "unknown class": (
        {"inputs": {"vesel.id": 7}},
        ("unknown_query_feature", "PARSE_FAILED", None),
        ["no feature `vesel.id`"],
        "Did you mean `vessel`?",
    ),
    "relationship as input": (
        {"inputs": {"vessel.berth": {"id": 1}}},
        ("invalid_input", "PARSE_FAILED", "vessel.berth"),
        ["is a relationship"],
        "Give the features that its join compares.",
    ),
    "nothing produces it": (
        {"outputs": ["vessel.name", "vessel.orphan"]},
        ("resolver_not_found", "RESOLVER_NOT_FOUND", "vessel.orphan"),
        ["Nothing produces `vessel.orphan`"],
        "define a resolver",
    ),
    "no key": (
        {"inputs": {"vessel.name": "Orion"}, "outputs": ["vessel.toll"]},
        ("resolver_not_found", "RESOLVER_NOT_FOUND", "vessel.toll"),
        ["`vessel.id`", "does not give"],
        "Give `vessel.id` as an input.",
    ),
    "another class without its key": (
        {"outputs": ["vessel.name", "company.name"]},
        ("invalid_query", "INVALID_QUERY", "company.name"),
        ["Nothing of the namespace of `company.name` is given"],
        "Give its primary key among the inputs.",
    ),
    "neither inputs nor outputs": (
        {"inputs": {}, "outputs": []},
        ("invalid_query", "INVALID_QUERY", None),
        ["neither inputs nor outputs"],
        None,
    ),
    "unknown named query": (
        {"outputs": [], "query_name": "port_deus"},
        ("unknown_named_query", "INVALID_QUERY", None),
        ["no named query `port_deus`"],
        "Did you mean `port_dues`?",
    ),
    "time that is none": (
        {"now": "yesterday"},
        ("invalid_input", "PARSE_FAILED", None),
        ["not an ISO 8601 instant"],
        "Write it like",
    ),
    "staleness that is no duration": (
        {"staleness": {"vessel.name": "soon"}},
        ("invalid_input", "PARSE_FAILED", "vessel.name"),
        ["staleness", "`vessel.name`", "not a duration"],
        "Write it like `10m`",
    ),
    "branch": ({"branch_id": "mine"}, ("invalid_query", "INVALID_QUERY", None), ["no branches"], "without a branch"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_letter(server, case):
    body, names, words, fix = REFUSED[case]
    error = ask(server, **body)
    assert (error["letter"], error["code"], error["feature"]) == names
    assert error["category"] == "REQUEST"
    for word in words:
        assert word in error["message"]
    assert fix is None or fix in error["fix"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("seven", "text"),
        ("", "text"),
        (7.5, "a fractional number"),
        (True, "a boolean"),
        ([7], "a list"),
        ({"value": 7}, "an object"),
        (2**70, "too large"),
    ],
)
def test_keys_of_the_wrong_type(server, value, words):
    error = ask(server, inputs={"vessel.id": value})
    assert (error["letter"], error["feature"]) == ("invalid_input", "vessel.id")
    assert words in error["message"] and error["fix"] == "`vessel.id` is int."


def test_inputs_of_the_wrong_type_are_all_told(server):
    inputs = {"vessel.id": "seven", "vessel.draft_m": "deep"}
    response = server.post(ONLINE, {"inputs": inputs, "outputs": ["vessel.toll"]})
    errors = response.json()["errors"]
    assert [(error["letter"], error["feature"]) for error in errors] == [
        ("invalid_input", "vessel.id"),
        ("invalid_input", "vessel.draft_m"),
    ]


def test_a_null_for_what_cannot_be_null(server):
    error = ask(server, inputs={"vessel.id": 7, "vessel.name": None})
    assert (error["letter"], error["feature"]) == ("invalid_input", "vessel.name")
    assert "null" in error["message"] and "str | None" in error["fix"]


def test_a_null_key_is_refused(server):
    error = ask(server, inputs={"vessel.id": None})
    assert (error["letter"], error["feature"]) == ("invalid_input", "vessel.id")
    assert "null" in error["message"]


def test_a_null_keys_fix_can_be_followed(server):
    error = ask(server, inputs={"vessel.id": None})
    assert "| None" not in error["fix"]


def test_no_outputs_ask_for_the_whole_class(client):
    result = client.query({"berth.id": 2}, [])
    assert result.to_dict() == {"berth.id": 2, "berth.name": "South quay"} and not result.errors


def test_a_key_that_no_row_has(client):
    result = client.query({"berth.id": 99}, ["berth.name"])
    assert result.get_feature_value("berth.name") is None


def test_two_classes_each_with_its_key(client):
    result = client.query({"vessel.id": 7, "berth.id": 2}, ["vessel.name", "berth.name"])
    assert result.to_dict() == {"vessel.name": "Orion", "berth.name": "South quay"}


def test_staleness_of_an_unknown_feature(server):
    response = server.post(ONLINE, {"inputs": VESSEL, "outputs": ["vessel.name"], "staleness": {"vessel.nme": "1h"}})
    (error,) = response.json()["errors"] or [None]
    assert error and error["letter"] == "unknown_query_feature" and "vessel.name" in error["fix"]


@pytest.mark.parametrize(
    ("arguments", "status", "code", "words"),
    [
        (["--in", "vessel.id=7", "--out", "vessel.nme"], 2, "unknown_query_feature", ["Did you mean `vessel.name`?"]),
        (["--in", "vessel.id=seven", "--out", "vessel.name"], 2, "invalid_input", ["`vessel.id` is int."]),
        (["--in", "vessel.id=null", "--out", "vessel.name"], 2, "invalid_input", ["null"]),
        (["--in", "vessel.id", "--out", "vessel.name"], 2, "invalid_input", ["FEATURE=VALUE", "--in vessel.id=7"]),
        (["--in", "vessel.id=7", "--query-name", "port_deus"], 2, "unknown_named_query", ["`port_dues`"]),
        (["--in", "vessel.id=7", "--out", "vessel.orphan"], 2, "resolver_not_found", ["vessel.orphan", "fix:"]),
        (["--in", "vessel.id=7", "--out", "vessel.name", "--now", "soon"], 2, "invalid_input", ["ISO 8601", "fix:"]),
    ],
)
def test_the_command_refuses(server, arguments, status, code, words):
    assert_refused(server.command("query", *arguments), status, code, *words)


def test_an_input_given_twice(server):
    outcome = server.command("query", "--in", "vessel.id=7", "--in", "vessel.id=8", "--out", "vessel.name")
    assert_refused(outcome, 2, "invalid_input", "vessel.id", "twice")


def test_digits_for_a_text_feature(server):
    outcome = server.command("query", "--in", "company.id=7", "--out", "company.id")
    assert outcome.status == 0 or 'company.id="7"' in outcome.stderr, outcome
