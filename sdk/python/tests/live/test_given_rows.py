"""Rows of a has-many relationship that a caller gives: single, bulk and offline queries, and what is wrong with them."""

import importlib.util
import sys
from datetime import UTC, datetime, timedelta

import polars
import pyarrow
import pytest

from creta.features import DataFrame
from live.harbour import write_files
from live.running import refusal, serving

FEATURES = '''
"""Vessels and their calls."""

from datetime import UTC, datetime

from creta import online
from creta.features import DataFrame, FeatureTime, Primary, _, feature, features


@features
class Vessel:
    id: Primary[int]
    calls: "DataFrame[Call]"
    count: int = feature(expression=_.calls.count())
    moved: int = feature(expression=_.calls[_.moved].sum())
    listed: str
    cranes: "DataFrame[Crane]"
    reach: int = feature(expression=_.cranes[_.reach].max(), default=0)


@features
class Crane:
    id: Primary[int]
    vessel_id: Vessel.id
    reach: int


@features
class Call:
    id: Primary[int]
    vessel_id: Vessel.id
    moved: int
    note: str | None
    at: FeatureTime


@online
def listed(calls: Vessel.calls[Call.id, Call.moved]) -> Vessel.listed:
    return " ".join(f"{call.id}:{call.moved}" for call in calls.to_features())


@online
def all_cranes() -> DataFrame[Crane.id, Crane.vessel_id, Crane.reach]:
    return DataFrame({Crane.id: [1], Crane.vessel_id: [1], Crane.reach: ["far"]})


@online
def all_calls() -> DataFrame[Call.id, Call.vessel_id, Call.moved, Call.at]:
    return DataFrame({Call.id: [1], Call.vessel_id: [1], Call.moved: [99], Call.at: [datetime(2026, 1, 1, tzinfo=UTC)]})
'''

NOW = datetime(2026, 1, 3, tzinfo=UTC)
EARLY, LATE, FUTURE = NOW - timedelta(days=2), NOW - timedelta(days=1), NOW + timedelta(days=1)
OUTPUTS = ["vessel.count", "vessel.moved", "vessel.listed"]
ROWS = [
    {"call.id": 8, "call.moved": 7, "call.at": LATE},
    {"call.id": 7, "call.moved": 5, "call.at": EARLY},
    {"call.id": 9, "call.moved": 100, "call.at": FUTURE},
]
RIGHT = {"vessel.count": 2, "vessel.moved": 12, "vessel.listed": "7:5 8:7"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("given"), {"creta.yaml": "project: given\n", "calls_of.py": FEATURES})


@pytest.fixture(scope="module")
def server(program, project, tmp_path_factory):
    with serving(program, project, tmp_path_factory.mktemp("server")) as running:
        applied = running.apply(project)
        assert applied.status == 0, applied
        yield running


@pytest.fixture
def client(server):
    with server.client() as connected:
        yield connected


@pytest.fixture(scope="module")
def classes(project):
    spec = importlib.util.spec_from_file_location("calls_of", project / "calls_of.py")
    sys.modules["calls_of"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rows_replace_what_a_resolver_lists(client):
    answer = client.query({"vessel.id": 1, "vessel.calls": ROWS}, OUTPUTS, now=NOW)
    assert answer.errors == [] and answer.to_dict() == RIGHT
    assert client.query({"vessel.id": 1}, ["vessel.moved"], now=NOW).to_dict() == {"vessel.moved": 99}


def test_no_rows_are_rows_too(client):
    answer = client.query({"vessel.id": 1, "vessel.calls": []}, OUTPUTS, now=NOW)
    assert answer.to_dict() == {"vessel.count": 0, "vessel.moved": 0, "vessel.listed": ""}


def test_rows_in_every_shape(client, classes):
    names = [name.removeprefix("call.") for name in ROWS[0]]
    short = [dict(zip(names, row.values(), strict=True)) for row in ROWS]
    instances = [classes.Call(**row) for row in short]
    frame = DataFrame({name: [row[name] for row in ROWS] for name in ROWS[0]})
    for rows in (short, instances, frame):
        answer = client.query({classes.Vessel.id: 1, classes.Vessel.calls: rows}, OUTPUTS, now=NOW)
        assert answer.to_dict() == RIGHT, rows


def test_each_row_of_a_bulk_query_has_its_own(client, server):
    inputs = {"vessel.id": [1, 2, 3], "vessel.calls": [ROWS, [], ROWS[1:2]]}
    result = client.query_bulk(inputs, OUTPUTS, now=[NOW] * 3)
    rows = result.to_polars().to_dicts()
    expected = [RIGHT, {"vessel.count": 0, "vessel.moved": 0, "vessel.listed": ""}]
    expected.append({"vessel.count": 1, "vessel.moved": 5, "vessel.listed": "7:5"})
    assert [{name: row[name] for name in OUTPUTS} for row in rows] == expected


def test_a_training_set_takes_them_too(client):
    calls = pyarrow.array([ROWS, [], ROWS[1:2]])
    spine = pyarrow.table({"vessel.id": [1, 2, 3], "vessel.calls": calls})
    for given in (spine, polars.from_arrow(spine)):
        dataset = client.offline_query(given, input_times=[NOW, NOW, EARLY], output=["vessel.id", *OUTPUTS], recompute_features=True)
        rows = dataset.to_polars().sort("vessel.id").to_dicts()
        assert [row["vessel.moved"] for row in rows] == [12, 0, 5]
        assert [row["vessel.listed"] for row in rows] == ["7:5 8:7", "", "7:5"]


def test_rows_are_answered_with_the_columns_that_are_listed(client):
    answer = client.query({"vessel.id": 1, "vessel.calls": ROWS}, ["vessel.calls[call.moved,call.id]"], now=NOW)
    [given] = answer.data
    assert answer.errors == []
    assert given.value.to_pylist() == [{"call.moved": 5, "call.id": 7}, {"call.moved": 7, "call.id": 8}]


REFUSED = {
    "a number": (5, "invalid_input", ["neither a list of objects nor a table"]),
    "null": (None, "invalid_input", ["neither a list of objects nor a table"]),
    "a list of numbers": ([5], "invalid_input", ["a row is not an object"]),
    "unknown feature": ([{"call.movd": 1}], "unknown_query_feature", ["call.movd", "Did you mean `call.moved`?"]),
    "a feature of another class": ([{"vessel.id": 1}], "unknown_query_feature", ["vessel.id"]),
    "wrong type": ([{"call.moved": "x"}], "invalid_input", ["`call.moved`", "does not fit"]),
    "null in a column that has none": ([{"call.moved": None}], "invalid_input", ["`call.moved`", "not nullable"]),
    "ragged rows": ([{"call.moved": 1}, {"call.id": 1}], "invalid_input", ["do not all give the same features"]),
    "table of unequal columns": (
        {"columns": ["call.id", "call.moved"], "values": [[1], [1, 2]]},
        "invalid_input",
        ["differ in length"],
    ),
    "table without names": ({"values": [[1]]}, "invalid_input", ["without `columns`"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_rows_that_are_none(server, case):
    rows, letter, words = REFUSED[case]
    body = {"inputs": {"vessel.id": 1, "vessel.calls": rows}, "outputs": ["vessel.moved"]}
    error = refusal(server.post("/v1/query/online", body), 200)
    assert error["letter"] == letter, error
    for word in words:
        assert word in f"{error['message']} {error.get('fix')}"


def test_what_rows_lack_is_told(client):
    [error] = client.query({"vessel.id": 1, "vessel.calls": [{"call.note": "x"}]}, ["vessel.moved"]).errors
    assert error.code == "RESOLVER_NOT_FOUND" and "call.id" in error.message, error


def test_a_wrong_value_in_a_listed_row_is_told_as_one(client):
    error = client.query({"vessel.id": 1}, ["vessel.reach"]).errors[0]
    assert error.code == "VALIDATION_FAILED" and "expected int" in error.message, error


def test_rows_are_not_uploaded(server):
    body = {"inputs": {"vessel.id": 1, "vessel.calls": [{"call.moved": 4}]}}
    error = refusal(server.post("/v1/upload/single", body), 200)
    assert error["letter"] == "unknown_query_feature" and "vessel.calls" in error["message"]
