"""Runs of resolvers: what they store, how incremental ones go on, and what is refused."""

import sqlite3
import time
from datetime import UTC, datetime

import pyarrow
import pyarrow.parquet
import pytest

from creta import CretaException
from live.running import COMMAND_SECONDS, serving

FEATURES = '''
import time

from creta import DataFrame, online
from creta.features import FeatureTime, Primary, feature, features
from creta.sql import IncrementalConfig, SQLiteSource, make_sql_file_resolver

terminal = SQLiteSource(name="terminal", path="terminal.sqlite")


@features
class Berth:
    id: Primary[str]
    teu: int = feature(max_staleness="infinity")
    changed: FeatureTime


@features
class Crane:
    id: Primary[int]
    lift: float | None = feature(max_staleness="infinity")
    reach: float = feature(max_staleness="infinity", max=100.0, strict=True)


@online
def cranes() -> DataFrame[Crane.id, Crane.lift, Crane.reach]:
    return DataFrame([Crane(id=1, lift=40.5, reach=50.0), Crane(id=2, lift=None, reach=500.0)])


@online
def lift_of(reach: Crane.reach) -> Crane.lift:
    return reach


@features
class Slow:
    id: Primary[int]
    value: int = feature(max_staleness="infinity")


@online
def slow() -> DataFrame[Slow.id, Slow.value]:
    time.sleep(3)
    return DataFrame([Slow(id=1, value=1)])
'''

STATEMENTS = {
    "totals": """-- resolves: Berth
-- source: terminal
-- incremental:
--   mode: group
--   lookback_period: 1d
--   incremental_column: changed
select berth as id, sum(teu) as teu, max(updated) as changed from moves group by berth
""",
    "moves": """-- resolves: Berth
-- source: terminal
-- type: offline
-- incremental: {mode: row, lookback_period: 1d, incremental_column: updated}
select berth as id, teu, updated as changed from moves
""",
    "placed": """-- resolves: Berth
-- source: terminal
-- type: offline
-- incremental: {mode: parameter, incremental_timestamp: resolver_execution_time}
select berth as id, teu, updated as changed from moves where updated >= ${creta_incremental_timestamp}
""",
}

MOVES = [("A", 10, "2026-05-01"), ("A", 5, "2026-05-09 00:00:00"), ("B", 7, "2026-05-09T00:00:00Z"),
         ("C", 4, "2026-04-02")]  # fmt: skip


def may(day: int) -> datetime:
    return datetime(2026, 5, day, tzinfo=UTC)


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "features.py").write_text(FEATURES)
    for name, text in STATEMENTS.items():
        (folder / f"{name}.creta.sql").write_text(text)
    with sqlite3.connect(folder / "terminal.sqlite") as base:
        base.execute("create table moves (berth text, teu integer, updated text)")
        base.executemany("insert into moves values (?, ?, ?)", MOVES)
    return folder


@pytest.fixture
def terminal(program, project, tmp_path):
    with serving(program, project, tmp_path / "server") as running:
        applied = running.apply(project)
        assert applied.status == 0, applied
        yield running


def history(client, *keys: str) -> dict:
    """What is stored of berths: teu at the newest feature time."""
    now = [datetime.now(UTC)] * len(keys)
    rows = client.offline_query({"berth.id": list(keys)}, input_times=now, output=["berth.id", "berth.teu"])
    return {row["berth.id"]: row["berth.teu"] for row in rows.to_arrow().to_pylist() if row["berth.teu"] is not None}


def add_move(project, *move) -> None:
    with sqlite3.connect(project / "terminal.sqlite") as base:
        base.execute("insert into moves values (?, ?, ?)", move)


def test_a_first_run_loads_everything_and_moves_the_cursor(terminal):
    with terminal.client() as client:
        assert client.get_incremental_cursor("totals").max_ingested_timestamp is None
        run = client.trigger_resolver_run("totals")
        assert (run.status, run.rows, run.errors, run.incremental_lower_bound) == ("succeeded", 3, [], None)
        assert history(client, "A", "B", "C") == {"A": 15, "B": 7, "C": 4}
        assert client.query({"berth.id": "A"}, ["berth.teu"]).to_dict() == {"berth.teu": 15}
        cursor = client.get_incremental_cursor("totals")
        assert cursor.max_ingested_timestamp == may(9)
        assert cursor.last_execution_timestamp == run.created_at
        assert client.get_run_status(run.id) == run


def test_the_worked_example(terminal):
    """Cursor May 6, lookback one day: rows from May 5 on, or groups with such a row."""
    with terminal.client() as client:
        client.set_incremental_cursor("moves", may(6))
        run = client.trigger_resolver_run("moves")
        assert (run.rows, run.incremental_lower_bound) == (2, may(5))
        assert history(client, "A", "B", "C") == {"A": 5, "B": 7}
        client.set_incremental_cursor("totals", may(6))
        assert client.trigger_resolver_run("totals").rows == 2
        assert history(client, "A", "B", "C") == {"A": 15, "B": 7}


def test_later_runs_load_what_is_new(terminal, project):
    with terminal.client() as client:
        assert client.trigger_resolver_run("moves").rows == 4
        add_move(project, "C", 9, "2026-05-20T10:00:00Z")
        # The row of the cursor and those within the lookback are read again, which changes nothing.
        assert client.trigger_resolver_run("moves").rows == 3
        assert history(client, "A", "B", "C") == {"A": 5, "B": 7, "C": 9}
        assert client.trigger_resolver_run("moves").rows == 1
        assert client.drop_incremental_cursor("moves") is True
        assert client.drop_incremental_cursor("moves") is False
        assert client.trigger_resolver_run("moves").rows == 5


def test_a_cursor_by_execution_time_reads_what_changed_since_the_last_run(terminal, project):
    with terminal.client() as client:
        first = client.trigger_resolver_run("placed")
        assert first.rows == 4
        add_move(project, "D", 1, datetime.now(UTC).isoformat())
        second = client.trigger_resolver_run("placed")
        assert (second.rows, second.incremental_lower_bound) == (1, first.created_at)


def test_a_feature_time_in_the_future_hides_nothing(terminal, project):
    add_move(project, "Z", 1, "2999-01-01")
    with terminal.client() as client:
        run = client.trigger_resolver_run("moves")
        assert client.get_incremental_cursor("moves").max_ingested_timestamp == run.created_at


def test_a_failed_run_leaves_the_cursor_and_says_why(terminal, project):
    with terminal.client() as client:
        client.set_incremental_cursor("moves", may(6))
        with sqlite3.connect(project / "terminal.sqlite") as base:
            base.execute("alter table moves rename to gone")
        run = client.trigger_resolver_run("moves")
        assert run.status == "failed" and run.rows == 0
        assert "gone" not in run.errors[0].message and run.errors[0].letter == "source_failed"
        assert client.get_incremental_cursor("moves").max_ingested_timestamp == may(6)
        assert terminal.command("trigger", "moves").status == 6


def test_bounds_load_a_part_and_leave_the_cursor(terminal):
    with terminal.client() as client:
        run = client.trigger_resolver_run("moves", lower_bound=may(1), upper_bound=may(2))
        assert (run.rows, run.incremental_lower_bound) == (1, None)
        assert client.get_incremental_cursor("moves").max_ingested_timestamp is None
        assert history(client, "A", "B", "C") == {"A": 10}
        for arguments, expected in [
            ({"lower_bound": may(2), "upper_bound": may(1)}, "lower bound is later"),
            ({"timestamping_mode": "sometime"}, "timestamping_mode"),
        ]:
            with pytest.raises(CretaException, match=expected):
                client.trigger_resolver_run("moves", **arguments)
        assert client.trigger_resolver_run("cranes", lower_bound=may(1)).status == "failed"


def test_python_resolvers_run_too_and_refused_values_are_told(terminal):
    with terminal.client() as client:
        run = client.trigger_resolver_run("cranes", store_offline=False)
        assert (run.status, run.rows, run.resolver_fqn) == ("succeeded", 2, "features.cranes")
        assert [error.feature for error in run.errors] == ["crane.reach"]
        assert client.query({"crane.id": 1}, ["crane.reach"]).to_dict() == {"crane.reach": 50.0}
        with pytest.raises(CretaException, match="not incremental"):
            client.get_incremental_cursor("cranes")
        needs = client.trigger_resolver_run("lift_of")
        assert needs.status == "failed" and "needs inputs" in needs.errors[0].message


def test_a_key_runs_once_and_a_resolver_runs_once_at_a_time(terminal):
    with terminal.client() as client:
        first = client.trigger_resolver_run("moves", idempotency_key="tonight")
        again = client.trigger_resolver_run("moves", idempotency_key="tonight")
        assert again == first
        started = client._transport.json("POST", "/v1/runs/trigger", json={"resolver_fqn": "slow", "wait_seconds": 0})
        assert started["status"] == "received"
        with pytest.raises(CretaException, match="is running") as refused:
            client.trigger_resolver_run("slow")
        assert refused.value.status == 409
        deadline = time.monotonic() + COMMAND_SECONDS
        while client.get_run_status(started["id"]).status == "received" and time.monotonic() < deadline:
            time.sleep(0.1)
        assert client.get_run_status(started["id"]).status == "succeeded"


def test_what_is_refused(terminal):
    with terminal.client() as client:
        with pytest.raises(CretaException, match="Did you mean `moves`"):
            client.trigger_resolver_run("movse")
        with pytest.raises(CretaException, match="future") as refused:
            client.set_incremental_cursor("moves", datetime(2999, 1, 1))
        assert refused.value.status == 422
        with pytest.raises(CretaException, match="no run"):
            client.get_run_status("run-1")


def test_a_run_that_a_dead_server_began_has_failed(terminal, project):
    with terminal.client() as client:
        started = client._transport.json("POST", "/v1/runs/trigger", json={"resolver_fqn": "slow", "wait_seconds": 0})
    terminal.process.kill()
    terminal.process.wait(COMMAND_SECONDS)
    terminal.ready.unlink()
    with serving(terminal.program, project, terminal.data.parent) as again, again.client() as client:
        run = client.get_run_status(started["id"])
        assert (run.status, run.errors[0].letter) == ("failed", "cancelled")


def test_the_command_line(terminal):
    triggered = terminal.command("trigger", "totals", "--no-online", "--json")
    assert (triggered.status, triggered.answer["rows"]) == (0, 3)
    assert "loaded up to" in terminal.command("incremental", "status").stdout
    set_back = terminal.command("incremental", "set", "totals", "--max-ingested-timestamp", "2026-05-06T00:00:00Z")
    assert set_back.status == 0, set_back
    shown = terminal.command("trigger", "totals")
    assert "2 rows of totals from 2026-05-05" in shown.stdout, shown
    assert terminal.command("incremental", "drop", "totals").status == 0
    cursors = {row["resolver_fqn"]: row for row in terminal.command("incremental", "status", "--json").answer}
    assert set(cursors) == {"moves", "placed", "totals"}
    assert cursors["totals"]["max_ingested_timestamp"] is None
    assert terminal.command("incremental", "set", "totals").status == 2


def test_a_bound_is_an_instant_in_files_too(program, tmp_path):
    """Times without a zone are UTC; the bound itself is included."""
    folder = tmp_path / "project"
    folder.mkdir()
    times = [datetime(2026, 5, day) for day in (1, 5, 9)]
    table = pyarrow.table({"id": ["A", "B", "C"], "teu": [1, 2, 3], "changed": pyarrow.array(times, pyarrow.timestamp("ns"))})
    pyarrow.parquet.write_table(table, folder / "moves.parquet")
    source = 'ParquetSource(name="terminal", tables={"moves": "moves.parquet"})'
    declared = FEATURES.replace('SQLiteSource(name="terminal", path="terminal.sqlite")', source)
    (folder / "features.py").write_text(declared.replace("SQLiteSource", "ParquetSource"))
    header = "-- resolves: Berth\n-- source: terminal\n-- incremental: "
    (folder / "rows.creta.sql").write_text(header + "{incremental_column: changed}\nselect * from moves")
    grouped = "{mode: group, incremental_column: changed}\nselect id, sum(teu) as teu, max(changed) as changed from moves group by id"
    (folder / "groups.creta.sql").write_text(header + grouped)
    with serving(program, folder, tmp_path / "server") as running, running.client() as client:
        applied = running.apply(folder)
        assert applied.status == 0, applied
        for resolver in ("rows", "groups"):
            assert client.trigger_resolver_run(resolver).rows == 3
            client.set_incremental_cursor(resolver, may(5))
            assert client.trigger_resolver_run(resolver).rows == 2


@pytest.mark.parametrize(
    ("header", "statement", "expected"),
    [
        ("{mode: row}", "select berth as id, teu from moves", "incremental_column"),
        ("{mode: rows}", "select berth as id, teu from moves", "row, group, parameter"),
        ("{colum: x}", "select berth as id, teu from moves", "colum"),
        ("true", "select berth as id, teu from moves", "mapping"),
        ("{incremental_column: updated, lookback_period: long}", "select berth as id, teu from moves", "duration"),
        ("{mode: group, incremental_column: updated}", "select berth as id, teu from moves", "GROUP BY"),
        ("{incremental_column: updated}", "select berth as id, teu from moves limit 3", "LIMIT"),
        ("{incremental_column: nothing}", "select berth as id, teu from moves", "nothing"),
        ("{incremental_column: updated}", "select berth as id, ${berth.teu} as teu from moves", "inputs"),
        ("{mode: parameter}", "select berth as id, teu from moves", "creta_incremental_timestamp"),
        (
            "{incremental_column: teu}",
            "select berth as id, teu from moves union select berth as id, teu from moves",
            "UNION",
        ),
    ],
)
def test_wrong_headers_are_refused_at_apply(terminal, project, header, statement, expected):
    text = f"-- resolves: Berth\n-- source: terminal\n-- incremental: {header}\n{statement}\n"
    (project / "wrong.creta.sql").write_text(text)
    applied = terminal.apply(project)
    assert applied.status == 2 and expected in applied.stderr and "wrong.creta.sql" in applied.stderr, applied
