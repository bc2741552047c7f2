"""PostgreSQL as a source, from the environment of the server to an answer and a training set."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from live.harbour import write_files
from live.running import assert_refused, serving

sys.path.insert(0, str(Path(__file__).parents[4] / "scripts"))

import private_postgres  # noqa: E402

TABLES = """
create type cargo as enum ('box', 'bulk');
create table vessels (number uuid primary key, name varchar(40), flag char(2), built numeric(4), tags text[]);
create table calls (call_no serial primary key, vessel uuid references vessels, teu numeric(10, 2), cargo cargo,
    arrived timestamp);
create index calls_of_vessel on calls (vessel, arrived);
insert into vessels values
    ('00000000-0000-0000-0000-000000000007', 'Orion', 'PA', 1999, '{tall,old}'),
    ('00000000-0000-0000-0000-000000000008', 'Vega', null, 2020, null);
insert into calls (vessel, teu, cargo, arrived) values
    ('00000000-0000-0000-0000-000000000007', 100.5, 'box', '2026-01-02 10:00'),
    ('00000000-0000-0000-0000-000000000007', 50, 'bulk', '2026-01-20 10:00'),
    ('00000000-0000-0000-0000-000000000007', 900, 'box', '2026-03-01 10:00'),
    ('00000000-0000-0000-0000-000000000008', 10, 'box', '2026-01-05 10:00');
"""

FILES = {
    "creta.yaml": "project: terminal\n",
    "features.py": """
        from creta.features import DataFrame, FeatureTime, Primary, _, features
        from creta.sql import PostgreSQLSource

        terminal = PostgreSQLSource(name="TERMINAL")


        @features
        class Vessel:
            id: Primary[str]
            name: str
            flag: str | None
            built: int
            tags: list[str] | None
            share: float | None
            calls: "DataFrame[PortCall]"
            teu: float = _.calls[_.teu].sum()
            boxes: int = _.calls[_.id, _.cargo == "box"].count()


        @features
        class PortCall:
            id: Primary[int]
            vessel_id: Vessel.id
            teu: float
            cargo: str
            at: FeatureTime


        @features
        class Load:
            id: Primary[str]
            total: float
            at: FeatureTime
        """,
    "sql/vessels.creta.sql": """
        -- resolves: Vessel
        -- source: TERMINAL
        select number as ID, name, flag, built, tags from vessels /* ${not.an.input} */
        """,
    "sql/calls.creta.sql": """
        -- resolves: PortCall
        -- source: postgres
        select call_no as id, vessel as vessel_id, teu, cargo, arrived as "at" from calls
        """,
    "sql/loaded.creta.sql": """
        -- resolves: Load
        -- source: TERMINAL
        -- type: offline
        -- incremental: {mode: group, incremental_column: arrived}
        select vessel as id, sum(teu) as total, max(arrived) as "at" from calls where teu > 20 or teu < 20 group by vessel
        """,
    "sql/shares.creta.sql": """
        -- resolves: Vessel
        -- source: TERMINAL
        -- count: one
        select ${vessel.id} as id, teu::float8 / (select sum(c.teu) from calls c)::float8 as share
        from (select sum(teu) as teu from calls where vessel = ${vessel.id} and arrived <= ${now}) as own
        """,
}

ORION, VEGA = (f"00000000-0000-0000-0000-00000000000{number}" for number in (7, 8))


@pytest.fixture(scope="session")
def database():
    """A private PostgreSQL server with the tables, and the environment that leads to it."""
    programs = private_postgres.find_programs()
    if programs is None:
        reason = "PostgreSQL is not installed; scripts/setup_system.sh does it"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    server = private_postgres.Server(programs)
    try:
        known = server.start()
        psql = [programs / "psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", known["socket"], "-p", str(known["port"])]
        subprocess.run([*psql, "-U", known["user"], "-d", known["database"]], input=TABLES, text=True, check=True)
        names = {"PGHOST": "host", "PGPORT": "port", "PGDATABASE": "database", "PGUSER": "user"}
        names |= {"PGPASSWORD": "password", "PGSSLROOTCERT": "certificate"}
        yield {f"TERMINAL_{name}": str(known[key]) for name, key in names.items()} | {"TERMINAL_PGSSLMODE": "verify-full"}
    finally:
        server.stop()


@pytest.fixture(scope="session")
def terminal(program, database, tmp_path_factory):
    project = write_files(tmp_path_factory.mktemp("terminal"), FILES)
    with serving(program, project, tmp_path_factory.mktemp("terminal-server"), **database) as running:
        applied = running.apply(project)
        assert applied.status == 0, applied
        yield running
        assert database["TERMINAL_PGPASSWORD"] not in running.log_text()


def test_one_vessel(terminal):
    output = ["vessel.name", "vessel.flag", "vessel.built", "vessel.tags", "vessel.teu", "vessel.boxes"]
    with terminal.client() as client:
        found = client.query({"vessel.id": ORION}, output).to_dict()
        assert list(found.values()) == ["Orion", "PA", 1999, ["tall", "old"], 1050.5, 2]
        found = client.query({"vessel.id": VEGA}, output).to_dict()
        assert list(found.values()) == ["Vega", None, 2020, None, 10.0, 1]
        unknown = client.query({"vessel.id": "no uuid"}, ["vessel.flag"])
        assert unknown.to_dict() == {"vessel.flag": None}


def test_inputs_are_bound(terminal):
    with terminal.client() as client:
        (share,) = client.query({"vessel.id": ORION}, ["vessel.share"]).to_dict().values()
    assert share == pytest.approx(1050.5 / 1060.5)


def test_a_training_set(terminal):
    times = [datetime(2026, 1, 2, 10), datetime(2026, 1, 2, 9, 59), datetime(2026, 2, 1), datetime(2026, 2, 1)]
    with terminal.client() as client:
        dataset = client.offline_query(
            input={"vessel.id": [ORION, ORION, ORION, VEGA]},
            input_times=[time.replace(tzinfo=UTC) for time in times],
            output=["vessel.teu", "vessel.name"],
            recompute_features=True,
        )
        table = dataset.to_arrow()
    assert table["vessel.teu"].to_pylist() == [100.5, 0.0, 150.5, 10.0]
    assert table["vessel.name"].to_pylist() == ["Orion"] * 3 + ["Vega"]


def test_an_incremental_run_reads_whole_groups(terminal):
    with terminal.client() as client:
        assert client.trigger_resolver_run("loaded").rows == 2
        client.set_incremental_cursor("loaded", datetime(2026, 1, 20, 10, tzinfo=UTC))
        run = client.trigger_resolver_run("loaded")
        assert (run.rows, run.errors) == (1, [])
        times = [datetime(2026, 4, 1, tzinfo=UTC)] * 2
        found = client.offline_query({"load.id": [ORION, VEGA]}, input_times=times, output=["load.total"]).to_arrow()
    assert found["load.total"].to_pylist() == [1050.5, 10.0]


def test_a_large_training_set(terminal):
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    with terminal.client() as client:
        dataset = client.offline_query(
            input={"vessel.id": [ORION, VEGA] * 5000},
            input_times=[begin + timedelta(minutes=row * 15) for row in range(10_000)],
            output=["vessel.teu"],
            recompute_features=True,
        )
        found = dataset.to_arrow()["vessel.teu"].to_pylist()
    assert found[:2] == [0.0, 0.0] and found[-2:] == [1050.5, 10.0] and len(found) == 10_000


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"TERMINAL_PGPASSWORD": "hunter2"}, ["refuses the password of user `app`", "`TERMINAL_PGPASSWORD`"]),
        ({"TERMINAL_PGDATABASE": ""}, ["needs `TERMINAL_PGDATABASE`", "`creta up`", "at features.py:4"]),
        ({"TERMINAL_PGDATABASE": "nowhere"}, ["the database `nowhere`"]),
        ({"TERMINAL_PGHOST": "127.0.0.1"}, ["not trusted"]),
        ({"TERMINAL_PGSSLMODE": "disable"}, ["TLS", "`TERMINAL_PGSSLMODE`"]),
    ],
)
def test_apply_says_why_the_database_is_out_of_reach(program, database, tmp_path, changed, words):
    project = write_files(tmp_path / "project", FILES)
    with serving(program, project, tmp_path / "server", **(database | changed)) as running:
        outcome = running.apply(project)
        assert outcome.status == 6
        for word in words:
            assert word in outcome.stderr, outcome.stderr
        assert outcome.stderr.count("error[source_failed]") == 1, "told once, not once a resolver"
        everything = outcome.stderr + outcome.stdout + running.log_text()
        assert "hunter2" not in everything and database["TERMINAL_PGPASSWORD"] not in everything


def test_apply_refuses_a_statement_that_postgresql_refuses(terminal, tmp_path):
    wrong = FILES["sql/calls.creta.sql"].replace("arrived as", "arrved as")
    outcome = terminal.apply(write_files(tmp_path, FILES | {"sql/calls.creta.sql": wrong}))
    assert_refused(outcome, 2, "sql", "column \"arrved\" does not exist", "at sql/calls.creta.sql", "calls.arrived")


def test_a_password_is_not_written_in_the_project(terminal, tmp_path):
    literal = FILES["features.py"].replace('name="TERMINAL"', 'name="TERMINAL", password="hunter2"')
    outcome = terminal.apply(write_files(tmp_path, FILES | {"features.py": literal}))
    assert "hunter2" not in outcome.stderr
    assert_refused(outcome, 2, "invalid_definition", 'EnvironmentVariable("TERMINAL_PGPASSWORD")', "at features.py:4")
