"""Definitions with a fault: `creta apply` says what, where and what to do, and the old deployment keeps serving."""

from pathlib import Path

import pytest

from live.harbour import FEATURES, RESOLVERS, SOURCES, line_of, replaced, write_harbour
from live.running import Outcome, Server, assert_refused

BERTH_LINE = line_of(FEATURES, "    berth: Berth")
VESSEL_CLASS_LINE = line_of(FEATURES, "class Vessel")
TOLL_LINE = line_of(RESOLVERS, "def toll")

DRY_RUN_SEES = {
    "unknown feature": (
        replaced("resolvers.py", "Vessel.draft_m) -> Vessel.toll", "Vessel.draft) -> Vessel.toll"),
        "unknown_feature",
        [f"at resolvers.py:{TOLL_LINE}", "Vessel has no feature `draft`", "Did you mean `draft_m`?"],
    ),
    "two primary keys": (
        replaced("features.py", "    name: str\n    draft_m", "    name: Primary[str]\n    draft_m"),
        "primary_key",
        [f"at features.py:{VESSEL_CLASS_LINE + 2}", "`id` and `name`", "fix: Keep one."],
    ),
    "ambiguous join": (
        replaced("features.py", "    berth: Berth\n", '    berth: Berth\n    old_berth_id: "Berth.id"\n'),
        "ambiguous_join",
        [f"at features.py:{BERTH_LINE}", "Vessel.berth_id == Berth.id", "Vessel.old_berth_id", "fix:", "has_one("],
    ),
    "parameter without annotation": (
        replaced("resolvers.py", "def toll(draft: Vessel.draft_m)", "def toll(draft)"),
        "annotation",
        [f"at resolvers.py:{TOLL_LINE - 1}", "`draft` of toll has no annotation", "fix: Name the feature"],
    ),
    "return without annotation": (
        replaced("resolvers.py", " -> Vessel.toll", ""),
        "annotation",
        [f"at resolvers.py:{TOLL_LINE - 1}", "which features it returns", "fix: Annotate the return"],
    ),
    "default of the wrong type": (
        replaced("features.py", "    name: str\n    draft_m", "    name: str = 3\n    draft_m"),
        "type_mismatch",
        [f"at features.py:{VESSEL_CLASS_LINE + 2}", "expected str, got int"],
    ),
    "SQL that does not parse": (
        replaced("vessel.creta.sql", "select id", "selec id"),
        "sql",
        ["at vessel.creta.sql:", "does not parse", "selec", "Line: 3"],
    ),
    "SQL with a column that is no feature": (
        replaced("vessel.creta.sql", "draft_m,", "draft_m as draft_mm,"),
        "sql",
        ["at vessel.creta.sql:", "`draft_mm` matches no feature of Vessel", "Did you mean `draft_m`?"],
    ),
    "SQL that is no SELECT": (
        replaced("berth.creta.sql", "select id, name from berths", "delete from berths"),
        "sql",
        ["at berth.creta.sql:", "one SELECT"],
    ),
    "unknown source": (
        replaced("vessel.creta.sql", "source: harbour", "source: harbor"),
        "unknown_source",
        ["at vessel.creta.sql:1", "no source is called `harbor`", "Did you mean `harbour`?"],
    ),
    "module that cannot be imported": (
        replaced("resolvers.py", "import os\n", "import os\nimport no_such_module\n"),
        "import_failed",
        ["at resolvers.py:2", "No module named 'no_such_module'", "fix: Install `no_such_module`"],
    ),
    "named query of an unknown feature": (
        replaced("features.py", "Vessel.toll]", '"vessel.tol"]'),
        "unknown_feature",
        [f"at features.py:{line_of(FEATURES, 'NamedQuery(')}", "no feature `tol`", "Did you mean `toll`?"],
    ),
}


def apply_changed(server: Server, folder: Path, changed: dict[str, str], *arguments: str) -> Outcome:
    return server.apply(write_harbour(folder, changed), *arguments)


def assert_harbour_serves(client) -> None:
    assert client.query({"vessel.id": 7}, ["vessel.toll"]).get_feature_value("vessel.toll") == 230.0


@pytest.mark.parametrize("fault", DRY_RUN_SEES)
def test_each_fault_is_a_letter(server, tmp_path, fault):
    changed, code, words = DRY_RUN_SEES[fault]
    outcome = apply_changed(server, tmp_path / "bad", changed, "--dry-run")
    assert_refused(outcome, 2, code, *words)
    assert outcome.stdout == ""


def test_all_faults_are_told_at_once(server, tmp_path):
    changed = DRY_RUN_SEES["two primary keys"][0] | DRY_RUN_SEES["parameter without annotation"][0]
    outcome = apply_changed(server, tmp_path / "bad", changed)
    assert_refused(outcome, 2, "primary_key", "at features.py:", "error[annotation]: ", "at resolvers.py:")


def test_letters_as_json(server, tmp_path):
    outcome = apply_changed(server, tmp_path / "bad", DRY_RUN_SEES["unknown feature"][0], "--json")
    (letter,) = outcome.answer["errors"]
    assert (outcome.status, letter["code"]) == (2, "unknown_feature")
    assert letter["place"] == {"file": "resolvers.py", "line": TOLL_LINE}
    assert letter["fix"] == "Did you mean `draft_m`?"


def test_a_missing_source_file_is_refused_and_nothing_changes(server, client, tmp_path):
    changed = replaced("sources.py", "data/harbour.sqlite", "data/nothing.sqlite")
    outcome = apply_changed(server, tmp_path / "bad", changed)
    line = line_of(SOURCES, "SQLiteSource(name")
    assert_refused(outcome, 2, "missing_file", f"at sources.py:{line}", "`data/nothing.sqlite`", "fix:")
    assert_harbour_serves(client)


def test_a_dry_run_finds_a_missing_source_file(server, tmp_path):
    changed = replaced("sources.py", "data/harbour.sqlite", "data/nothing.sqlite")
    outcome = apply_changed(server, tmp_path / "bad", changed, "--dry-run")
    assert_refused(outcome, 2, "missing_file", "at sources.py:", "`data/nothing.sqlite`")


@pytest.mark.parametrize(
    ("name", "old", "new", "word"),
    [
        ("vessel.creta.sql", "draft_m,", "draft_mm as draft_m,", "draft_mm"),
        ("berth.creta.sql", "from berths", "from berhts", "berhts"),
    ],
)
def test_sql_that_the_source_refuses(server, tmp_path, name, old, new, word):
    outcome = apply_changed(server, tmp_path / "bad", replaced(name, old, new), "--dry-run")
    assert_refused(outcome, 2, "sql", f"at {name}:", word)


def test_a_stored_feature_keeps_its_type(server, client, tmp_path):
    assert client.upload_features({"vessel.id": 7, "vessel.crew": 21}) == []
    changed = replaced("features.py", "crew: int", "crew: str")
    line = line_of(FEATURES, "crew: int")
    outcome = apply_changed(server, tmp_path / "bad", changed)
    assert_refused(outcome, 5, "type_change", "`vessel.crew`", f"at features.py:{line}", "fix:", "another name")
    assert_harbour_serves(client)


def test_a_project_that_does_not_exist(server, tmp_path):
    assert_refused(server.apply(tmp_path / "nowhere"), 2, "missing_file", "nowhere", "does not exist")
