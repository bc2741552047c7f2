"""Commands beyond one query: JSON for scripts, `creta init`, and servers that are not there."""

import json
import sys

import pytest

from live.running import assert_refused, run

QUERY = ["query", "--in", "vessel.id=7", "--out", "vessel.name"]


def test_a_query_as_json(server):
    outcome = server.command(*QUERY, "--json")
    assert outcome.status == 0 and outcome.stderr == ""
    (cell,) = outcome.answer["data"]
    assert (cell["field"], cell["value"]) == ("vessel.name", "Orion") and outcome.answer["errors"] is None


def test_an_apply_as_json(server, harbour_project):
    outcome = server.apply(harbour_project, "--json")
    assert outcome.status == 0 and outcome.answer["deployment_id"]
    assert outcome.answer["diff"]["features"] == {"added": [], "removed": [], "changed": []}


def test_an_explanation_as_json(server):
    outcome = server.command("explain", "--in", "vessel.id", "--out", "vessel.toll", "--json")
    assert outcome.status == 0 and "resolvers.toll" in outcome.answer["text"]
    assert outcome.answer["plan"]["outputs"] == ["vessel.toll"]


@pytest.mark.parametrize("output", ["vessel.nme", "vessel.orphan"])
def test_refused_explanations_as_json(server, output):
    outcome = server.command("explain", "--in", "vessel.id", "--out", output, "--json")
    (error,) = outcome.answer["errors"]
    assert outcome.status == 2 and output in error["message"] and error["fix"]


def test_all_letters_of_a_refused_explanation(server):
    outcome = server.command("explain", "--in", "vessel.id", "--out", "vessel.nme", "--out", "vessel.tol")
    assert_refused(outcome, 2, "unknown_query_feature", "vessel.nme", "vessel.tol")


@pytest.mark.parametrize(("output", "status"), [("vessel.nme", 2), ("vessel.broken", 6)])
def test_a_failed_query_as_json(server, output, status):
    outcome = server.command("query", "--in", "vessel.id=7", "--out", output, "--json")
    assert output in json.dumps(outcome.answer["errors"])
    assert outcome.status == status


def test_init_makes_a_project_that_applies(program, server, tmp_path):
    made = run(program, "init", tmp_path / "new")
    assert made.status == 0 and f"creta up --project {tmp_path / 'new'}" in made.stdout
    assert server.apply(tmp_path / "new", "--dry-run").status == 0


def test_init_leaves_other_files_alone(program, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    assert run(program, "init", tmp_path).status == 0
    assert (tmp_path / "notes.txt").read_text() == "mine" and (tmp_path / "creta.yaml").exists()


@pytest.mark.parametrize("name", ["creta.yaml", "features.py", ".gitignore"])
def test_init_overwrites_nothing(program, tmp_path, name):
    (tmp_path / name).write_text("mine")
    outcome = run(program, "init", tmp_path)
    assert_refused(outcome, 2, "invalid_definition", f"already holds {name}", "fix: Choose an empty folder")
    assert [path.name for path in tmp_path.iterdir()] == [name] and (tmp_path / name).read_text() == "mine"


def test_init_where_a_file_is(program, tmp_path):
    (tmp_path / "file").write_text("mine")
    assert_refused(run(program, "init", tmp_path / "file"), 2, "missing_file", "cannot be written")


def commands(project) -> list[list]:
    return [
        ["apply", "--project", project, "--python", sys.executable],
        QUERY,
        ["explain", "--in", "vessel.id", "--out", "vessel.name"],
    ]


@pytest.mark.parametrize("number", range(3))
def test_no_server_runs(program, harbour_project, tmp_path, number):
    file = tmp_path / "credentials.json"
    # Nothing listens on port 9, and only root could.
    file.write_text(json.dumps({"url": "http://127.0.0.1:9", "client_id": "a", "client_secret": "b"}))
    outcome = run(program, *commands(harbour_project)[number], CRETA_CREDENTIALS=str(file))
    assert_refused(outcome, 6, "unreachable", "http://127.0.0.1:9", "fix: Is `creta up` running?")


def test_credentials_that_are_not_there(program, tmp_path):
    named = run(program, *QUERY, "--credentials", tmp_path / "nothing.json")
    assert_refused(named, 2, "missing_file", "nothing.json", "fix:", "creta up")
    (tmp_path / "garbage.json").write_text("hello")
    garbage = run(program, *QUERY, "--credentials", tmp_path / "garbage.json")
    assert_refused(garbage, 2, "missing_file", "garbage.json", "not a credentials file")


def test_no_credentials_at_all(program, tmp_path):
    outcome = run(program, *QUERY, folder=tmp_path)
    assert_refused(outcome, 3, "unauthenticated", "No credentials", "fix: Start `creta up`")


def test_a_python_that_is_none(server, harbour_project, tmp_path):
    outcome = server.command("apply", "--project", harbour_project, "--python", tmp_path / "python")
    assert_refused(outcome, 2, "python_not_found", str(tmp_path / "python"), "fix:", "--python")
