"""Training sets that cannot be computed as asked: over HTTP, with the SDK and as `creta train`."""

import pytest

from creta import CretaException
from live.running import assert_refused, refusal

OFFLINE = "/v4/offline_query"
TIME = "2026-01-01T00:00:00Z"
INPUT = {"columns": ["vessel.id", "__ts__"], "values": [[7, 8], [TIME, TIME]]}


def table(*columns: tuple[str, list]) -> dict:
    return {"input": {"columns": [name for name, _ in columns], "values": [values for _, values in columns]}}


KEYS = ("vessel.id", [7, 8])

REFUSED = {
    "fewer times than rows": (table(KEYS, ("__ts__", [TIME])), "invalid_query", ["1 times", "2 rows"]),
    "more times than rows": (table(KEYS, ("__ts__", [TIME] * 3)), "invalid_query", ["3 times", "2 rows"]),
    "columns of different lengths": (table(KEYS, ("vessel.name", ["x"])), "invalid_query", ["1 values", "has 2"]),
    "fewer columns than names": (
        {"input": {"columns": ["vessel.id", "__ts__"], "values": [[7]]}},
        "malformed_request",
        ["as many names as columns"],
    ),
    "time that is none": (table(("vessel.id", [7]), ("__ts__", ["soon"])), "invalid_input", ["not ISO 8601"]),
    "unknown column": (table(("vessel.idd", [7]), ("__ts__", [TIME])), "unknown_query_feature", ["vessel.idd"]),
    "key of the wrong type": (table(("vessel.id", ["x"]), ("__ts__", [TIME])), "invalid_input", ["`vessel.id`"]),
    "no input, nothing to sample": ({"input": None, "output": []}, "invalid_query", ["no input"]),
    "unknown output": ({"output": ["vessel.nme"]}, "unknown_query_feature", ["vessel.nme"]),
    "nothing produces it": (
        {"output": ["vessel.orphan"], "recompute_features": True},
        "resolver_not_found",
        ["Nothing produces `vessel.orphan`"],
    ),
    "option that is not built": ({"explain": True}, "invalid_query", ["`explain`", "not supported"]),
    "branch": ({"branch": "mine"}, "invalid_query", ["`branch`", "not supported"]),
    "recompute of the wrong type": ({"recompute_features": "all"}, "malformed_request", ["does not fit"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_a_run_begins(server, case):
    changed, letter, words = REFUSED[case]
    error = refusal(server.post(OFFLINE, {"output": ["vessel.name"], "input": INPUT, **changed}), 400)
    assert error["letter"] == letter and error["category"] == "REQUEST"
    for word in words:
        assert word in error["message"]


@pytest.mark.parametrize(
    "case",
    [
        "time that is none",
        "unknown column",
        "unknown output",
        "option that is not built",
        "fewer times than rows",
        "columns of different lengths",
        "recompute of the wrong type",
    ],
)
def test_letters_say_what_to_do(server, case):
    body = {"output": ["vessel.name"], "input": INPUT, **REFUSED[case][0]}
    assert refusal(server.post(OFFLINE, body), 400).get("fix")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"recompute_featurs": True}, ["recompute_featurs", "recompute_features"]),
        ({"recompute_features": ["vessel.tolll"]}, ["vessel.tolll", "vessel.toll"]),
    ],
)
def test_misspellings(server, changed, words):
    response = server.post(OFFLINE, {"output": ["vessel.toll"], "input": INPUT, **changed})
    assert response.status_code == 400
    assert all(word in response.text for word in words)


@pytest.mark.parametrize("file", ["uploads/../metadata.sqlite", "uploads/a/0.parquet", "/etc/passwd"])
def test_files_that_were_not_uploaded(server, file):
    body = {"output": ["vessel.name"], "input": {"filenames": [file], "version": 3}}
    assert refusal(server.post(OFFLINE, body), 404)["letter"] == "not_found"


@pytest.mark.parametrize(
    ("body", "status", "letter"),
    [({"job_id": "nothing"}, 404, "not_found"), ({}, 400, "malformed_request")],
)
def test_jobs_that_do_not_exist(server, body, status, letter):
    assert refusal(server.post(f"{OFFLINE}/status", body), status)["letter"] == letter


@pytest.fixture
def train(server, tmp_path):
    """Runs `creta train` for one vessel at one time; answers the outcome and the path of the result."""

    def run(*arguments: str, time: str = TIME, name: str = "spine.csv"):
        (tmp_path / "spine.csv").write_text(f"vessel.id,when\n7,{time}\n")
        (tmp_path / "empty.csv").write_text("vessel.id,when\n")
        result = tmp_path / "result.parquet"
        return server.command("train", "--spine", tmp_path / name, "--output", result, *arguments), result

    return run


TIMES = ["--times", "when"]


@pytest.mark.parametrize(
    ("arguments", "spine", "code", "words"),
    [
        (["--out", "vessel.name"], "spine.csv", "invalid_input", ["no column `__ts__`", "fix:", "--times"]),
        ([*TIMES, "--out", "vessel.nme"], "spine.csv", "unknown_query_feature", ["Did you mean `vessel.name`?"]),
        ([*TIMES, "--out", "vessel.name"], "nothing.csv", "missing_file", ["nothing.csv"]),
        ([*TIMES, "--out", "vessel.name"], "empty.csv", "invalid_input", ["no rows"]),
        ([*TIMES, "--out", "vessel.name"], "spine.txt", "invalid_input", ["neither .parquet nor .csv"]),
    ],
)
def test_the_command_refuses(train, arguments, spine, code, words):
    outcome, result = train(*arguments, name=spine)
    assert_refused(outcome, 2, code, *words)
    assert not result.exists()


def test_the_command_answers_json(train):
    outcome, result = train(*TIMES, "--out", "vessel.toll", "--recompute", "--json")
    assert outcome.status == 0, outcome
    assert outcome.answer["rows"] == 1 and outcome.answer["revision_id"] and result.exists()


def test_a_resolver_that_raises(train):
    outcome, _result = train(*TIMES, "--out", "vessel.broken", "--recompute")
    assert "the scale is broken" in outcome.stderr and outcome.status == 6, outcome


def test_the_sdk_tells_of_resolvers_that_raised(client):
    dataset = client.offline_query({"vessel.id": [7]}, None, ["vessel.broken"], recompute_features=True, wait=True)
    assert "the scale is broken" in dataset.revision.errors[0].message
    try:
        dataset.to_arrow()
    except CretaException as error:
        assert "the scale is broken" in str(error)
    else:
        raise AssertionError("a dataset with errors was read without `ignore_errors`")


def test_a_time_that_is_none(train):
    outcome, _result = train(*TIMES, "--out", "vessel.name", time="soon")
    assert_refused(outcome, 2, "invalid_input", "`when`")
