"""Datasets through the real program: spines, bounds, samples, revisions, shards, cancelling and what a crash leaves."""

import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas
import pyarrow
import pyarrow.parquet
import pytest

from creta import CretaClient, CretaException
from creta.client import OfflineQueryDeadlineOptions
from live.harbour import write_files
from live.running import Server, environment, refusal, serving

OFFLINE = "/v4/offline_query"
JANUARY, MARCH, APRIL = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 4))
LATER = datetime(2026, 6, 1, tzinfo=UTC)

BERTHS = """
import time

from creta import offline, online
from creta.features import FeatureTime, Primary, _, feature, features


@features
class Berth:
    id: Primary[int]
    length: float
    capacity: float = _.length * 2
    drawn: float = feature(max_staleness="3650d")
    dawdling: float
    surveyed_at: FeatureTime


@online
def draw(key: Berth.id) -> Berth.drawn:
    return time.time()


@offline
def dawdle(key: Berth.id) -> Berth.dawdling:
    time.sleep(0.2)
    return 1.0
"""


@pytest.fixture(scope="module")
def berths(program, tmp_path_factory) -> Server:
    """A server whose history knows berth 3 in January and March, and berth 4 in March."""
    project = write_files(tmp_path_factory.mktemp("berths"), {"creta.yaml": "project: berths\n", "features.py": BERTHS})
    with serving(program, project, tmp_path_factory.mktemp("berths-server")) as running:
        applied = running.apply(project)
        assert applied.status == 0, applied
        with running.client() as client:
            upload(client, [3, 3, 4], [JANUARY, MARCH, MARCH], **{"berth.length": [200.0, 240.0, 100.0]})
            upload(client, [3], [JANUARY], **{"berth.capacity": [400.0]})
        yield running


def upload(client: CretaClient, keys: list, times: list, **columns: list) -> None:
    assert client.multi_upload_features({"berth.id": keys, **columns, "berth.surveyed_at": times}) == []


@pytest.fixture(scope="module")
def ask(berths) -> CretaClient:
    with berths.client() as client:
        yield client


def lengths(dataset) -> list:
    return dataset.to_arrow()["berth.length"].to_pylist()


def rows(dataset, *names: str) -> list[tuple]:
    table = dataset.to_arrow(output_id="key", output_ts="at")
    columns = [table[name].to_pylist() for name in names]
    return list(zip(*columns, strict=True))


SPINE = {"berth.id": [3, 4, 3], "__ts__": [APRIL, APRIL, datetime(2026, 2, 1, tzinfo=UTC)]}
EXPECTED = [240.0, 100.0, 200.0]


# The spine


def test_spine_from_a_parquet_file(ask, tmp_path):
    path = tmp_path / "spine.parquet"
    pyarrow.parquet.write_table(pyarrow.table(SPINE), path)
    for given in (path, str(path), f"file://{path}"):
        assert lengths(ask.offline_query(given, output=["berth.length"])) == EXPECTED
    assert lengths(ask.offline_query(path, APRIL, ["berth.length"])) == [240.0, 100.0, 240.0]


def test_spine_that_the_server_reads_itself(berths, ask, tmp_path):
    pyarrow.parquet.write_table(pyarrow.table(SPINE), tmp_path / "a.parquet")
    for uri in (str(tmp_path), f"file://{tmp_path}/a.parquet"):
        body = {"output": ["berth.length"], "input": {"parquet_uri": uri}}
        answer = berths.post(OFFLINE, body)
        assert answer.status_code == 200, answer.text
        revision = answer.json()["revisions"][-1]["revision_id"]
        assert lengths(ask.get_dataset(revision_id=revision)) == EXPECTED


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"parquet_uri": "az://spines/a.parquet"}, 400, ["`az://`", "Azure"]),
        ({"parquet_uri": "abfss://spines@x/a.parquet"}, 400, ["`abfss://`", "Azure"]),
        ({"parquet_uri": "/nowhere/a.parquet"}, 400, ["/nowhere/a.parquet"]),
        ({"parquet_uri": "/tmp", "start_row": 3}, 400, ["`start_row`"]),
        ({"input_sql": "delete from berth"}, 400, ["SQL of the spine"]),
        ({"input_sql": "select id from nowhere"}, 400, ["nowhere"]),
        ({"input_sql": "select * from 'az://x/a.parquet'"}, 400, ["Azure"]),
        ({"input_sql": "select * from '/nowhere/a.parquet'"}, 400, ["/nowhere/a.parquet"]),
        ({"input_sql": "selec"}, 400, ["SQL of the spine"]),
        ({"input_sql": 'select id as "berth.wrong" from berth'}, 400, ["berth.wrong"]),
    ],
)
def test_spines_that_are_refused(berths, given, status, words):
    error = refusal(berths.post(OFFLINE, {"output": ["berth.length"], "input": given}), status)
    assert all(word in error["message"] + (error.get("fix") or "") for word in words), error


def test_a_file_that_the_sdk_cannot_read(ask, tmp_path):
    with pytest.raises(CretaException, match="does not exist"):
        ask.offline_query(tmp_path / "none.parquet", output=["berth.length"])
    (tmp_path / "text.parquet").write_text("no Parquet")
    with pytest.raises(CretaException, match="not Parquet"):
        ask.offline_query(tmp_path / "text.parquet", output=["berth.length"])


def test_spine_out_of_stored_features(ask):
    statement = """
        select id as "berth.id", observed_at as ts from berth where length is not null order by id, ts desc
    """
    quoted = statement.replace(" as ts", ' as "__ts__"').replace("ts desc", '"__ts__" desc')
    for options in ({"spine_sql_query": statement}, {"input_sql": quoted}):
        found = ask.offline_query(output=["berth.length"], **options)
        assert rows(found, "key", "at", "berth.length") == [
            (3, MARCH, 240.0), (3, JANUARY, 200.0), (4, MARCH, 100.0),
        ]  # fmt: skip


def test_spine_out_of_a_file_by_sql(ask, tmp_path):
    (tmp_path / "ports.csv").write_text("berth,at\n4,2026-04-01T00:00:00Z\n3,2026-02-01T00:00:00Z\n")
    statement = f"""select berth as "berth.id", cast(at as timestamp) as ts from '{tmp_path}/ports.csv'"""
    assert lengths(ask.offline_query(spine_sql_query=statement, output=["berth.length"])) == [100.0, 200.0]


def test_two_sources_of_rows_are_refused(ask):
    with pytest.raises(CretaException, match="more than one source"):
        ask.offline_query({"berth.id": [3]}, spine_sql_query="select 1", output=["berth.length"])
    with pytest.raises(CretaException, match="`max_samples`"):
        ask.offline_query({"berth.id": [3]}, max_samples=1, output=["berth.length"])


def test_one_time_for_all_rows_duplicates_and_order(ask):
    found = ask.offline_query({"berth.id": [4, 3, 4, 3]}, APRIL, ["berth.length"])
    assert lengths(found) == [100.0, 240.0, 100.0, 240.0]


def test_an_empty_spine_has_the_columns(ask):
    nothing = pandas.DataFrame({"berth.id": pandas.Series([], dtype="int64")})
    table = ask.offline_query(nothing, [], ["berth.length"]).to_arrow()
    assert (table.num_rows, table.column_names) == (0, ["berth.length"])


# What counts


def test_required_output_leaves_rows_out(ask):
    spine = {"berth.id": [9, 3, 4, 3]}
    times = [APRIL, APRIL, APRIL, datetime(2025, 1, 1, tzinfo=UTC)]
    found = ask.offline_query(spine, times, ["berth.length"], required_output=["berth.capacity"])
    assert rows(found, "key", "berth.length", "berth.capacity") == [(3, 240.0, 400.0)]
    assert found.revision.num_rows == 1


def test_sample_features_pin_what_is_recomputed(ask):
    spine = ({"berth.id": [3], "berth.length": [100.0]}, APRIL, ["berth.capacity"])
    assert ask.offline_query(*spine, recompute_features=True).to_arrow()["berth.capacity"].to_pylist() == [200.0]
    pinned = ask.offline_query(*spine, recompute_features=True, sample_features=["berth.capacity"])
    assert pinned.to_arrow()["berth.capacity"].to_pylist() == [400.0]
    with pytest.raises(CretaException, match="`sample_features`"):
        ask.offline_query(*spine, recompute_features=["berth.capacity"], sample_features=["berth.capacity"])


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"lower_bound": datetime(2026, 2, 1)}, [None, 240.0]),
        ({"upper_bound": datetime(2026, 2, 1)}, [200.0, 200.0]),
        ({"lower_bound": MARCH, "upper_bound": MARCH}, [None, 240.0]),
        ({"lower_bound": timedelta(days=1)}, [None, 240.0]),
        ({"upper_bound": timedelta(days=-40)}, [200.0, 200.0]),
        ({"upper_bound_inserted_at": MARCH}, [None, None]),
        ({"lower_bound_inserted_at": MARCH}, [200.0, 240.0]),
    ],
)
def test_bounds_of_what_counts(ask, bounds, expected):
    february = datetime(2026, 2, 1)
    assert lengths(ask.offline_query({"berth.id": [3, 3]}, [february, APRIL], ["berth.length"], **bounds)) == expected


def test_without_a_spine_the_observed_entities_are_taken(ask):
    found = ask.offline_query(output=["berth.length"], upper_bound=LATER, feature_for_lower_upper_bound="berth.length")
    expected = [(3, JANUARY, 200.0), (3, MARCH, 240.0), (4, MARCH, 100.0)]
    assert rows(found, "key", "at", "berth.length") == expected
    late = ask.offline_query(output=["berth.length"], lower_bound=datetime(2026, 2, 1), upper_bound=LATER)
    assert rows(late, "key", "at") == [(3, MARCH), (4, MARCH)]
    again = ask.offline_query(
        output=["berth.capacity"], upper_bound=LATER, recompute_features=True, sample_features=["berth.length"]
    )
    assert [key for key, _at in rows(again, "key", "at")] == [3, 4]


def test_max_samples_shows_its_seed(ask):
    sampled = ask.offline_query(output=["berth.length"], max_samples=2, upper_bound=LATER, dataset_name="some").wait()
    assert sampled.to_arrow().num_rows == 2
    assert sampled.revision.metadata["max_samples"] == "2" and sampled.revision.metadata["seed"].isdigit()
    assert ask.offline_query(output=["berth.length"], max_samples=0, upper_bound=LATER).to_arrow().num_rows == 0


# What is stored


def drawn(dataset) -> list:
    return dataset.to_arrow()["berth.drawn"].to_pylist()


def test_flags_store_what_was_computed(ask):
    past = datetime(2026, 4, 10, tzinfo=UTC)

    def draw(key: int, **flags) -> float:
        made = ask.offline_query(
            {"berth.id": [key]}, past, ["berth.drawn"], recompute_features=["berth.drawn"], **flags
        )
        return drawn(made)[0]

    draw(40)
    offline, online = draw(41, store_offline=True), draw(42, store_online=True)
    before = ask.offline_query({"berth.id": [40, 41, 42]}, past - timedelta(seconds=1), ["berth.drawn"])
    assert drawn(before) == [None, None, None]
    at_once = ask.offline_query({"berth.id": [40, 41, 42]}, past, ["berth.drawn"])
    assert drawn(at_once) == [None, offline, None]
    assert ask.query({"berth.id": 42}, ["berth.drawn"]).get_feature("berth.drawn").value == online
    assert ask.query({"berth.id": 41}, ["berth.drawn"]).get_feature("berth.drawn").value != offline


def test_ingest_stores_a_revision(ask):
    past = datetime(2026, 4, 20, tzinfo=UTC)
    made_up = ask.offline_query(
        {"berth.id": [50, 51], "berth.length": [10.0, None]}, past, ["berth.length"], recompute_features=True
    )
    assert made_up.ingest() == 1
    found = ask.offline_query({"berth.id": [50, 51, 50]}, [LATER, LATER, past - timedelta(1)], ["berth.length"])
    assert lengths(found) == [10.0, None, None]
    given = ask.offline_query({"berth.id": [52], "berth.drawn": [7.0]}, past, ["berth.drawn"], recompute_features=True)
    assert given.ingest(store_online=True, store_offline=False) == 1
    assert ask.query({"berth.id": 52}, ["berth.drawn"]).get_feature("berth.drawn").value == 7.0
    assert drawn(ask.offline_query({"berth.id": [52]}, LATER, ["berth.drawn"])) == [None]


# Revisions


def test_a_named_dataset_gathers_revisions(ask):
    first = ask.offline_query({"berth.id": [3]}, APRIL, ["berth.length"], dataset_name="gathered").wait()
    second = ask.offline_query({"berth.id": [4]}, APRIL, ["berth.length"], dataset_name="gathered").wait()
    known = ask.get_dataset("gathered")
    assert [revision.revision_id for revision in known.revisions] == [first.revision_id, second.revision_id]
    assert lengths(known) == [100.0] and lengths(ask.get_dataset(revision_id=first.revision_id)) == [240.0]
    assert "gathered" in [dataset.dataset_name for dataset in ask.list_datasets()]
    with pytest.raises(CretaException, match="no dataset"):
        ask.get_dataset("never made")


def test_recompute_takes_the_old_outputs_as_inputs(ask):
    first = ask.offline_query(
        {"berth.id": [4, 3]}, APRIL, ["berth.length", "berth.capacity"], dataset_name="again", num_shards=2
    ).wait()
    assert rows(first, "key", "berth.length", "berth.capacity") == [(4, 100.0, None), (3, 240.0, 400.0)]
    second = first.recompute(["berth.capacity"])
    assert rows(second, "key", "berth.length", "berth.capacity") == [(4, 100.0, 200.0), (3, 240.0, 480.0)]
    assert second.dataset_id == first.dataset_id and len(second.revisions) == 2
    assert rows(first, "key", "berth.capacity") == [(4, None), (3, 400.0)]


def test_frames_inputs_summary_and_notes(ask, tmp_path):
    dataset = ask.offline_query({"berth.id": [3, 4, 9]}, APRIL, ["berth.length"], dataset_name="shown", num_shards=3)
    frame = dataset.to_polars_lazyframe(output_ts=True, output_id="key").collect()
    assert frame.columns == ["berth.length", "key", "__ts__"] and frame["key"].to_list() == [3, 4, 9]
    assert dataset.to_polars().equals(frame.select("berth.length"))
    assert dataset.to_pandas(output_ts="when")["when"].tolist() == [pandas.Timestamp(APRIL)] * 3
    inputs = dataset.get_input_dataframe()
    assert inputs["berth.id"].tolist() == [3, 4, 9] and inputs["__ts__"].tolist() == [pandas.Timestamp(APRIL)] * 3
    (summary,) = dataset.summary()
    assert (summary.rows, summary.nulls, summary.minimum, summary.maximum, summary.mean) == (3, 1, 100.0, 240.0, 170.0)
    assert dataset.preview(2)["berth.length"].tolist() == [240.0, 100.0]
    dataset.set_metadata({"owner": "port"})
    dataset.set_metadata({"ticket": "7"})
    assert ask.get_dataset("shown").revision.metadata == {"owner": "port", "ticket": "7"}
    files = dataset.download_data(str(tmp_path / "files"))
    read = [pyarrow.parquet.read_table(file)["berth.length"].to_pylist() for file in files]
    assert read == [[240.0], [100.0], [None]]


# Runs


def test_shards_are_files_in_the_order_of_the_spine(ask):
    keys = [3, 4] * 500
    dataset = ask.offline_query({"berth.id": keys}, APRIL, ["berth.length"], num_shards=7, num_workers=3)
    assert lengths(dataset) == [240.0, 100.0] * 500
    assert len(dataset.download_uris()) == 7 and dataset.revision.num_partitions == 7
    small = ask.offline_query({"berth.id": [3, 4]}, APRIL, ["berth.length"], num_shards=7)
    assert lengths(small) == [240.0, 100.0] and small.revision.num_partitions == 2


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"num_shards": 0}, "`num_shards` is 0"),
        ({"num_workers": 0}, "`num_workers` is 0"),
        ({"num_shards": 1_000_000}, "at most"),
        ({"completion_deadline": "soon"}, "`completion_deadline`"),
        ({"resources": {"cpu": "4"}}, "its own machine"),
        ({"use_metaplanner": True}, "its own machine"),
        ({"write_to": "table"}, "its own machine"),
        ({"observed_at_lower_bound": "yesterday"}, "neither an instant nor a duration"),
        ({"required_output": ["berth.lenth"]}, "berth.lenth"),
        ({"sample_features": ["berth.lenth"]}, "berth.lenth"),
    ],
)
def test_options_that_are_refused(berths, option, words):
    body = {"output": ["berth.length"], "input": {"columns": ["berth.id"], "values": [[3]]}, **option}
    error = refusal(berths.post(OFFLINE, body), 400)
    assert words in error["message"] and error.get("fix")


SLOW = {"recompute_features": ["berth.dawdling"]}


@pytest.mark.parametrize(
    "deadline",
    [
        timedelta(milliseconds=20),
        OfflineQueryDeadlineOptions(shard_deadline=timedelta(milliseconds=20), retry_on_shard_deadline=True),
        OfflineQueryDeadlineOptions(query_deadline=timedelta(milliseconds=20)),
    ],
)
def test_deadlines(ask, deadline):
    started = ask.offline_query({"berth.id": [1]}, APRIL, ["berth.dawdling"], completion_deadline=deadline, **SLOW)
    with pytest.raises(CretaException, match="not finished within"):
        started.to_arrow()
    assert started.revision.status == "error" and started.download_uris() == []


def slow_query(client: CretaClient, **options):
    return client.offline_query({"berth.id": list(range(600))}, APRIL, ["berth.dawdling"], **SLOW, **options)


def shard_files(folder: Path, dataset) -> list[Path]:
    """The files of finished shards in a server's data folder."""
    return [path for path in folder.rglob("part-*.parquet") if path.parent.name == dataset.revision_id]


def test_cancelling(berths, ask):
    dataset = slow_query(ask, num_shards=60, num_workers=1, dataset_name="cancelled")
    with pytest.raises(TimeoutError):
        dataset.wait(timeout=0.05)
    until(lambda: shard_files(berths.data, dataset))
    assert dataset.cancel()
    dataset.wait(timeout=20)
    assert dataset.revision.status == "cancelled" and dataset.download_uris() == []
    assert shard_files(berths.data, dataset) == []
    assert not ask.cancel_offline_query(dataset) and not dataset.cancel()


def test_an_interrupted_command_leaves_the_run(berths, ask, tmp_path):
    table = pyarrow.table({"berth.id": list(range(600)), "__ts__": [APRIL] * 600})
    pyarrow.parquet.write_table(table, tmp_path / "spine.parquet")
    command = [berths.program, "train", "--spine", tmp_path / "spine.parquet", "--output", tmp_path / "result.parquet"]
    command += ["--out", "berth.dawdling", "--recompute", "--shards", "60", "--workers", "1", "--dataset", "left"]
    variables = environment(CRETA_CREDENTIALS=str(berths.ready))
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True, env=variables)
    until(lambda: any(dataset.dataset_name == "left" for dataset in ask.list_datasets()))
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)[1]
    revision = ask.get_dataset("left").revision
    assert f"creta cancel {revision.revision_id}" in said and "goes on" in said
    assert revision.status == "running"
    cancelled = berths.command("cancel", revision.revision_id)
    assert cancelled.status == 0 and revision.revision_id in cancelled.stdout
    assert ask.get_dataset("left").wait(20).revision.status == "cancelled"
    assert berths.command("cancel", revision.revision_id).status != 0


def test_the_command_brings_shards_together(berths, tmp_path):
    lines = ["berth.id,__ts__", *(f"{key},2026-04-01T00:00:00Z" for key in (4, 3, 4))]
    (tmp_path / "spine.csv").write_text("\n".join(lines))
    result = tmp_path / "result.parquet"
    outcome = berths.command(
        "train", "--spine", tmp_path / "spine.csv", "--out", "berth.length", "--shards", "3", "--output", result
    )
    assert outcome.status == 0, outcome
    assert pyarrow.parquet.read_table(result)["berth.length"].to_pylist() == [100.0, 240.0, 100.0]


def until(holds, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_after_a_kill_a_run_is_failed_and_leaves_nothing_half(program, tmp_path):
    project = write_files(tmp_path / "project", {"creta.yaml": "project: berths\n", "features.py": BERTHS})
    with serving(program, project, tmp_path / "server") as running:
        assert running.apply(project).status == 0
        with running.client() as client:
            done = client.offline_query({"berth.id": [1]}, APRIL, ["berth.length"], dataset_name="kept").wait()
            begun = slow_query(client, num_shards=60, num_workers=1, dataset_name="kept")
            until(lambda: shard_files(running.data, begun))
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait(10)
        running.ready.unlink()
    with serving(program, project, tmp_path / "server") as running, running.client() as client:
        known = client.get_dataset("kept")
        assert [revision.status for revision in known.revisions] == ["successful", "error"]
        assert shard_files(running.data, known) == []
        assert "stopped before" in known.revision.errors[0].message and known.download_uris() == []
        assert client.get_dataset(revision_id=done.revision_id).to_arrow().num_rows == 1
        with pytest.raises(CretaException, match="has errors"):
            known.to_arrow()


def test_a_class_without_history_has_no_rows(client):
    assert client.offline_query(output=["company.name"]).to_arrow().num_rows == 0
