"""The client against a fake server: requests as the wire has them, answers and errors as Python has them."""

import io
import json
from datetime import UTC, date, datetime, timedelta

import httpx
import pandas
import polars
import pyarrow
import pyarrow.parquet
import pytest
from fake_server import FakeServer

from creta import CretaClient, CretaException, DataFrame, FeatureTime, Windowed, feature, features, windowed
from creta.client.framing import ByteModel, FramingError, bulk_request, bulk_results, ipc_file, read_ipc
from creta.testing import check, freeze_time

REVISION = "f5bf1ec7-b605-4b53-b14d-cf3d582b2c94"


@features
class User:
    id: int
    name: str = feature(name="full_name")
    born: date
    txns: "DataFrame[Txn]"
    spend: Windowed[float] = windowed("1d", "infinity", default=0.0)


@features
class Txn:
    id: int
    user_id: User.id
    amount: float
    at: FeatureTime


@pytest.fixture
def server():
    fake = FakeServer()
    yield fake
    fake.close()


@pytest.fixture
def client(server):
    with CretaClient(api_server=server.url, client_id="me", client_secret="secret") as made:
        yield made


def dataset(finished=True, outputs=("user.id", "user.full_name"), errors=None):
    return {
        "is_finished": finished,
        "version": 6,
        "environment_id": "env-local",
        "dataset_id": "e73d87ff-3652-4ebf-822c-0bb657e06ce7",
        "dataset_name": "spring",
        "errors": errors,
        "revisions": [
            {
                "revision_id": REVISION,
                "environment_id": "env-local",
                "creator_id": "me",
                "outputs": list(outputs),
                "status": 7 if finished else 3,
                "filters": {"sample_filters": {}},
                "num_partitions": 1,
                "output_uris": "x",
                "output_version": 6,
                "num_rows": 2,
                "created_at": "2030-01-01T00:00:00+00:00",
            }
        ],
    }


def test_names_of_features():
    assert str(User.name) == "user.full_name"
    assert str(User.spend["1d"]) == "user.spend__86400__"
    assert str(User.spend["all"]) == "user.spend__all__"
    assert str(User.txns.amount) == "user.txns.amount"


def test_query_sends_the_wire_and_reads_it(server, client):
    error = {
        "code": "RESOLVER_FAILED", "category": "FIELD", "message": "boom", "feature": "user.spend__86400__",
        "exception": {"kind": "ValueError", "message": "boom", "stacktrace": "…"}, "letter": "resolver_failed",
        "fix": "Look at the resolver.",
    }  # fmt: skip
    server.answers["POST", "/v1/query/online"] = {
        "data": [
            {"field": "user.full_name", "value": "Ada", "pkey": 1, "ts": "2030-01-01T10:00:00.5+00:00", "valid": True,
             "error": None, "meta": {"chosen_resolver_fqn": "a.b", "cache_hit": True}},
            {"field": "user.born", "value": "1999-02-03", "pkey": 1},
            {"field": "user.spend__86400__", "value": None, "valid": False, "error": error},
            {"field": "user.txns", "value": {"columns": ["txn.id", "txn.amount"], "values": [[1, 2], [0.5, 1.5]]}},
        ],
        "errors": [error],
        "meta": {"execution_duration_s": 0.25, "query_id": "q", "warnings": ["w"]},
    }  # fmt: skip
    result = client.query(
        {User.id: 1, "user.born": date(1999, 2, 3)},
        [User.name, User.born, User.spend["1d"], User.txns],
        datetime(2030, 1, 1, 12),
        staleness={User.name: timedelta(minutes=10)},
        tags=["live"],
        query_context={"a": 1},
    )
    (body,) = server.sent("/v1/query/online")
    assert body["inputs"] == {"user.id": 1, "user.born": "1999-02-03"}
    assert body["outputs"] == ["user.full_name", "user.born", "user.spend__86400__", "user.txns"]
    assert body["now"] == "2030-01-01T12:00:00+00:00"
    assert body["staleness"] == {"user.full_name": "600s"}
    assert body["context"]["tags"] == ["live"] and body["query_context"] == {"a": "1"}
    assert result.get_feature_value(User.name) == "Ada"
    assert result.get_feature_value(User.born) == date(1999, 2, 3)
    assert result.get_feature(User.name).meta.cache_hit
    assert result.data[0].ts == datetime(2030, 1, 1, 10, 0, 0, 500000, tzinfo=UTC)
    assert result.get_feature_value("user.txns")[Txn.amount].sum() == 2.0
    assert result.to_dict()["user.spend__86400__"] is None
    assert result.meta.execution_duration_s == 0.25 and result.meta.extra == {"warnings": ["w"]}
    assert (result.errors[0].letter, result.errors[0].exception.kind) == ("resolver_failed", "ValueError")
    with pytest.raises(CretaException, match="Look at the resolver"):
        result.raise_for_errors()


def test_instances_are_inputs(server, client):
    server.answers["POST", "/v1/query/online"] = {"data": [], "errors": None, "meta": None}
    client.query(User(id=3, name=None))
    assert server.sent("/v1/query/online")[0]["inputs"] == {"user.id": 3, "user.full_name": None}


def test_token_is_renewed_once_after_401(server, client):
    server.answers["GET", "/v1/who-am-i"] = {"user": "user-1", "environment_id": "env-local"}
    assert client.whoami().user == "user-1"
    server.valid_token = "another"
    assert client.whoami().environment_id == "env-local"
    assert server.tokens == 2


def test_errors_are_exceptions(server, client):
    with pytest.raises(CretaException) as caught:
        client.get_dataset("nothing")
    assert (caught.value.status, caught.value.code) == (404, "not_found")
    letters = [{"code": "PARSE_FAILED", "message": "no feature", "letter": "unknown_query_feature", "fix": "Use x."}]
    server.answers["POST", "/v1/query/online"] = (400, {"detail": "bad", "code": "invalid_query", "errors": letters})
    with pytest.raises(CretaException, match="Use x"):
        client.query({"user.id": 1}, ["user.y"])
    server.answers["POST", "/v1/query/online"] = (502, b"<html>")
    with pytest.raises(CretaException, match="502"):
        client.query({"user.id": 1}, ["user.y"])
    wrong = CretaClient(api_server=server.url, client_id="me", client_secret="wrong")
    with pytest.raises(CretaException, match="Client ID and secret are invalid") as caught:
        wrong.whoami()
    assert caught.value.status == 401
    with pytest.raises(CretaException, match="creta up") as caught:
        CretaClient(api_server="http://127.0.0.1:1", client_id="a", client_secret="b").whoami()
    assert caught.value.code == "unreachable"


def test_credentials_are_found(server, tmp_path, monkeypatch):
    for name in ("CRETA_CLIENT_ID", "CRETA_CLIENT_SECRET", "CRETA_API_SERVER", "CRETA_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project" / "deep"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    with pytest.raises(CretaException, match="creta up"):
        CretaClient()
    written = {"url": "http://above", "client_id": "a", "client_secret": "b", "pid": 1}
    (tmp_path / "project" / ".creta").mkdir()
    (tmp_path / "project" / ".creta" / "credentials.json").write_text(json.dumps(written))
    assert CretaClient().url == "http://above"
    (tmp_path / "named.json").write_text(json.dumps({**written, "url": "http://named/"}))
    monkeypatch.setenv("CRETA_CREDENTIALS", str(tmp_path / "named.json"))
    assert CretaClient().url == "http://named"
    monkeypatch.setenv("CRETA_API_SERVER", "http://environment")
    assert CretaClient().url == "http://environment"
    assert CretaClient(api_server="http://argument").url == "http://argument"


def bulk_answer(table, errors=(), groups=None):
    result = ByteModel(
        {"has_data": True, "errors": [json.dumps(error) for error in errors], "meta": '{"execution_duration_s": 1.0}'},
        {"scalar_data": ipc_file(table)},
        {"groups_data": ByteModel({}, {name: ipc_file(group) for name, group in (groups or {}).items()})},
    )
    return ByteModel({}, {}, {"query_results_bytes": ByteModel({}, {"0": result.to_bytes()})}).to_bytes()


@pytest.mark.parametrize(
    "given",
    [
        {User.id: [1, 2], "user.full_name": ["a", None]},
        pandas.DataFrame({"user.id": [1, 2], "user.full_name": ["a", None]}),
        polars.DataFrame({"user.id": [1, 2], "user.full_name": ["a", None]}),
        pyarrow.table({"user.id": [1, 2], "user.full_name": ["a", None]}),
    ],
)
def test_bulk_query(server, client, given):
    groups = {"user.txns": pyarrow.table({"txn.user_id": [1], "txn.amount": [2.0]})}
    error = {"code": "UPSTREAM_FAILED", "category": "FIELD", "message": "m"}
    server.answers["POST", "/v1/query/feather"] = bulk_answer(pyarrow.table({"user.x": [1, None]}), [error], groups)
    result = client.query_bulk(given, ["user.x"], now=datetime(2030, 1, 1, tzinfo=UTC))
    (body,) = server.sent("/v1/query/feather")
    assert body.startswith(b"chal1")
    length = int.from_bytes(body[5:13], "big")
    header = json.loads(body[13 : 13 + length])
    assert header["outputs"] == ["user.x"] and header["now"] == ["2030-01-01T00:00:00+00:00"] * 2
    assert "inputs" not in header
    table = read_ipc(body[13 + length + 8 :])
    assert table.to_pydict() == {"user.id": [1, 2], "user.full_name": ["a", None]}
    assert result.to_arrow().column("user.x").to_pylist() == [1, None]
    assert result.scalars_df.shape == (2, 1) and result.to_polars().height == 2
    assert result.groups_dfs["user.txns"].shape == (1, 2)
    assert result.errors[0].code == "UPSTREAM_FAILED" and result.meta.execution_duration_s == 1.0


def test_bulk_inputs_must_have_one_length(client):
    with pytest.raises(ValueError, match="differ in length"):
        client.query_bulk({"user.id": [1, 2], "user.name": ["a"]}, ["user.x"])


def test_byte_model_is_as_in_the_wire_specification():
    model = ByteModel({}, {}, {"n": ByteModel({"a": 1}, {"x": b"abc", "y": b""})})
    data = model.to_bytes()
    assert data[:23] == b"CHALK_BYTE_TRANSMISSION"
    assert data[23:33] == bytes(7) + b"\x02{}"
    assert ByteModel.from_bytes(data) == model
    assert ByteModel.from_bytes(data + b"trailing") == model
    for cut in range(len(data)):
        with pytest.raises(FramingError):
            ByteModel.from_bytes(data[:cut])
    with pytest.raises(FramingError):
        bulk_results(ByteModel().to_bytes())
    assert bulk_request([({}, pyarrow.table({"a": [1]}))])[:15] == b"chal1" + bytes(7) + b"\x02{}"


def test_uploads(server, client):
    server.answers["POST", "/v1/upload_features"] = {"errors": [], "trace_id": None}
    assert client.upload_features({User.id: 77, User.name: "Zed"}) == []
    assert server.sent("/v1/upload_features")[0]["input"] == {"user.id": [77], "user.full_name": ["Zed"]}
    server.answers["POST", "/v1/upload_features/multi"] = {"operation_id": "op", "errors": []}
    assert client.multi_upload_features([{User.id: 1, User.name: None}, {User.id: 2}, User(id=3, name="c")]) == []
    models = [ByteModel.from_bytes(body) for body in server.sent("/v1/upload_features/multi")]
    tables = [read_ipc(model.parts["table_bytes"]).to_pydict() for model in models]
    assert tables == [{"user.full_name": [None, "c"], "user.id": [1, 3]}, {"user.id": [2]}]
    assert models[0].attributes == {"features": ["user.full_name", "user.id"], "table_compression": "uncompressed"}


def prepare_offline(server, polls=0, errors=None):
    states = iter([False] * polls)
    buffer = io.BytesIO()
    result = {"user.full_name": ["a", "b"], "user.id": [1, 2], "__ts__": [datetime(2030, 1, 1, tzinfo=UTC)] * 2}
    pyarrow.parquet.write_table(pyarrow.table(result), buffer)
    signed = {"signed_url": f"{server.url}/blob/in.parquet?sig=1", "filename": "in.parquet"}
    server.answers |= {
        ("GET", "/v1/offline_query_parquet_upload_url/1"): {"urls": [signed]},
        ("PUT", "/blob/in.parquet"): b"",
        ("POST", "/v4/offline_query"): dataset(finished=polls == 0, errors=errors),
        ("POST", "/v4/offline_query/status"): lambda _body: {
            "is_finished": next(states, True),
            "version": 6,
            "urls": [f"{server.url}/blob/out.parquet?sig=2"],
            "errors": errors,
        },
        ("GET", f"/v4/offline_query/{REVISION}"): dataset(errors=errors),
        ("GET", f"/v4/offline_query/{REVISION}/status"): {"report": {"progress": {"total": 2, "computed": 1}}},
        ("GET", "/blob/out.parquet"): buffer.getvalue(),
        ("GET", "/v3/offline_query/spring"): dataset(),
    }


def test_offline_query(server, client):
    prepare_offline(server, polls=3)
    times = [datetime(2030, 1, 1), datetime(2030, 1, 2, tzinfo=UTC)]
    found = client.offline_query(
        {User.id: [1, 2]},
        times,
        [User.id, User.name],
        recompute_features=[User.name],
        dataset_name="spring",
        lower_bound=timedelta(days=-1),
    )
    (spine,) = server.sent("/blob/in.parquet")
    table = pyarrow.parquet.read_table(io.BytesIO(spine))
    assert table.schema.field("__ts__").type == pyarrow.timestamp("us", "UTC")
    assert table.to_pydict() == {
        "user.id": [1, 2],
        "__ts__": [datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 2, tzinfo=UTC)],
        "__index__": [0, 1],
    }
    (body,) = server.sent("/v4/offline_query")
    assert body["input"] == {"filenames": ["in.parquet"], "version": 3}
    assert body["recompute_features"] == ["user.full_name"] and body["destination_format"] == "PARQUET"
    assert body["observed_at_lower_bound"] == "delta:-86400000ms"
    assert not found.is_finished
    assert found.to_arrow().to_pydict() == {"user.id": [1, 2], "user.full_name": ["a", "b"]}
    assert found.is_finished and found.revision.status == "successful" and found.revision.num_rows == 2
    assert list(found.to_pandas(output_ts=True).columns) == ["user.id", "user.full_name", "__ts__"]
    assert found.to_polars(output_ts="at").columns == ["user.id", "user.full_name", "at"]
    blobs = [headers for _method, path, headers, _body in server.requests if path.startswith("/blob/")]
    assert all("authorization" not in headers for headers in blobs)
    assert client.get_dataset("spring").revision_id == REVISION


def test_offline_errors_raise_on_reading(server, client):
    prepare_offline(server, errors=[{"code": "RESOLVER_FAILED", "category": "FIELD", "message": "boom"}])
    found = client.offline_query({User.id: [1, 2]}, output=[User.id], wait=True)
    assert len(found.errors) == 1
    with pytest.raises(CretaException, match="boom"):
        found.to_pandas()
    assert found.to_pandas(ignore_errors=True).shape == (2, 2)


def test_waiting_ends_and_shows_progress(server, client, monkeypatch, capfd):
    prepare_offline(server, polls=10_000)
    found = client.offline_query({User.id: [1, 2]}, output=[User.id], show_progress=True)
    monkeypatch.setattr("creta.client.progress.PATIENCE", 0.05)
    with pytest.raises(TimeoutError):
        found.wait(timeout=0.4)
    output, shown = capfd.readouterr()
    assert output == "" and "offline query" in shown and "1/2" in shown


def test_input_times_must_match(client):
    with pytest.raises(CretaException, match="2 input rows") as caught:
        client.offline_query({User.id: [1, 2]}, [datetime(2030, 1, 1)], [User.id])
    assert caught.value.code == "invalid_query"


def test_pandas_times_are_utc(server, client):
    prepare_offline(server)
    times = pandas.Series(pandas.to_datetime(["2030-01-01T00:00:00", "2030-01-02T00:00:00"]))
    client.offline_query(pandas.DataFrame({"user.id": [1, 2]}), times, [User.id])
    table = pyarrow.parquet.read_table(io.BytesIO(server.sent("/blob/in.parquet")[0]))
    assert table.column("__ts__")[0].as_py() == datetime(2030, 1, 1, tzinfo=UTC)


def test_check_and_freeze_time(server, client):
    server.answers["POST", "/v1/query/online"] = {
        "data": [{"field": "user.full_name", "value": "Ada"}, {"field": "user.spend__86400__", "value": 0.1 + 0.2}]
    }
    with freeze_time(datetime(2030, 1, 1, tzinfo=UTC)):
        check(client, {User.id: 1}, {User.name: "Ada", User.spend["1d"]: 0.3})
    assert server.sent("/v1/query/online")[0]["now"] == "2030-01-01T00:00:00+00:00"
    with pytest.raises(pytest.fail.Exception, match=r"user\.full_name +'Bob' +'Ada'"):
        check(client, {User.id: 1}, {User.name: "Bob"})


def test_timeouts_are_errors(server, client):
    def slow(_body):
        raise httpx.ReadTimeout("slow")

    client._transport._http.request = lambda *_a, **_k: slow(None)
    with pytest.raises(CretaException) as caught:
        client.whoami()
    assert caught.value.code == "deadline_exceeded"
