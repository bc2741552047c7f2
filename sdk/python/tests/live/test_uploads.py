"""Uploads that do not fit: nothing is stored, and the caller is told why."""

import pyarrow
import pytest

from creta.client.framing import ByteModel, ipc_file
from live.running import refusal

COLUMNS = "/v1/upload_features"
MULTI = "/v1/upload_features/multi"
STORED, ATTEMPTED = 17, 99

FAULTS = {
    "unknown column": (
        {"vessel.id": [8], "vessel.crw": [ATTEMPTED]},
        ("unknown_query_feature", "vessel.crw"),
        ["no feature `vessel.crw`"],
    ),
    "wrong type": (
        {"vessel.id": [8], "vessel.crew": ["many"]},
        ("invalid_input", "vessel.crew"),
        ["text cannot be read as int"],
    ),
    "key of the wrong type": (
        {"vessel.id": ["eight"], "vessel.crew": [ATTEMPTED]},
        ("invalid_input", "vessel.id"),
        ["text cannot be read as int"],
    ),
    "no key": ({"vessel.crew": [ATTEMPTED]}, ("invalid_input", None), ["primary key of `vessel` is not among"]),
    "null key": (
        {"vessel.id": [None], "vessel.crew": [ATTEMPTED]},
        ("invalid_input", None),
        ["primary key of `vessel` is null"],
    ),
    "null value": ({"vessel.id": [8], "vessel.crew": [None]}, ("invalid_input", None), ["`vessel.crew` cannot be"]),
    "columns of different lengths": (
        {"vessel.id": [7, 8], "vessel.crew": [ATTEMPTED]},
        ("invalid_query", "vessel.crew"),
        ["1 values where the first column has 2"],
    ),
    "one bad row among good ones": (
        {"vessel.id": [7, 8], "vessel.crew": [ATTEMPTED, "many"]},
        ("invalid_input", "vessel.crew"),
        ["row 1", "text cannot be read as int"],
    ),
    "another class without its key": (
        {"vessel.id": [8], "vessel.crew": [ATTEMPTED], "company.name": ["Blue"]},
        ("invalid_input", None),
        ["primary key of `company` is not among"],
    ),
    "value behind a join": (
        {"vessel.id": [8], "vessel.berth.name": ["East"]},
        ("unknown_query_feature", None),
        ["`vessel.berth.name` is not a feature with a value"],
    ),
}


@pytest.fixture(autouse=True)
def stored(client):
    """Vessel 8 has a crew before, and the same crew after every refused upload."""
    assert client.upload_features({"vessel.id": 8, "vessel.crew": STORED}) == []
    yield
    assert client.query({"vessel.id": 8}, ["vessel.crew"]).get_feature_value("vessel.crew") == STORED


@pytest.mark.parametrize("case", FAULTS)
def test_refused_uploads(server, case):
    columns, names, words = FAULTS[case]
    error = refusal(server.post(COLUMNS, {"input": columns}), 200)
    assert (error["letter"], error["feature"]) == names
    for word in words:
        assert word in error["message"]


@pytest.mark.parametrize(
    "case",
    [
        "unknown column",
        "wrong type",
        "no key",
        "null key",
        "null value",
        "columns of different lengths",
        "value behind a join",
    ],
)
def test_letters_say_what_to_do(server, case):
    assert refusal(server.post(COLUMNS, {"input": FAULTS[case][0]}), 200).get("fix")


def test_an_upload_of_nothing(server):
    assert refusal(server.post(COLUMNS, {"input": {}}), 200)["letter"] == "invalid_input"


def test_a_body_without_input(server):
    error = refusal(server.post(COLUMNS, {"inputs": {"vessel.id": [8]}}), 400)
    assert error["letter"] == "malformed_request" and "`input`" in error["message"]


@pytest.mark.parametrize(
    ("columns", "letter", "words"),
    [
        ({"vessel.id": [8], "vessel.crw": [ATTEMPTED]}, "unknown_query_feature", ["vessel.crw"]),
        ({"vessel.crew": [ATTEMPTED]}, "invalid_input", ["primary key of `vessel`"]),
        ({"vessel.id": [8], "vessel.crew": ["many"]}, "invalid_input", ["not int"]),
        ({"vessel.id": [8], "vessel.crew": [1.5]}, "invalid_input", ["not int"]),
    ],
)
def test_refused_tables(client, columns, letter, words):
    (error,) = client.multi_upload_features(pyarrow.table(columns))
    assert error.letter == letter
    for word in words:
        assert word in error.message


@pytest.mark.parametrize("cut", [0, 10, 60, -30])
def test_tables_cut_short(server, cut):
    table = pyarrow.table({"vessel.id": [8], "vessel.crew": [ATTEMPTED]})
    whole = ByteModel({"features": table.column_names}, {"table_bytes": ipc_file(table)}).to_bytes()
    error = refusal(server.post(MULTI, whole[:cut]), 400)
    assert error["letter"] == "malformed_request"


def test_tables_that_are_none(server):
    for parts in ({"table_bytes": b"ARROW1 and nothing more"}, {"table": b""}):
        assert refusal(server.post(MULTI, ByteModel({}, parts).to_bytes()), 400)["letter"] == "malformed_request"
