"""The bundle: canonical, deterministic, and equal to the golden file of the project in tests/port."""

import hashlib
import json
import tarfile
from pathlib import Path

from conftest import export

GOLDEN = Path(__file__).parent / "port.bundle.json"


def without_archive(text: str) -> str:
    """The archive's hash follows from the sources and is checked on its own."""
    return "\n".join(line for line in text.splitlines() if '"archive"' not in line) + "\n"


def test_bundle_is_the_golden_one(port_project, tmp_path):
    written = export(port_project, tmp_path)
    assert written.status == 0, written.stdout + written.stderr
    text = (tmp_path / "bundle.json").read_text()
    assert without_archive(text) == without_archive(GOLDEN.read_text()), "run tests/update_golden.py and read the diff"
    assert written.stdout == ""


def test_export_is_deterministic_and_canonical(port_project, tmp_path):
    first, second = export(port_project, tmp_path / "a"), export(port_project, tmp_path / "b")
    for name in ("bundle.json", "source.tar"):
        assert (first.out / name).read_bytes() == (second.out / name).read_bytes()
    text = (first.out / "bundle.json").read_text()
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def test_archive_is_named_by_its_hash_and_holds_text_files_only(project):
    project.write(
        features_py="""
        from creta import online, features
        @features
        class A:
            id: int
            x: int
        @online
        def make(id: A.id) -> A.x:
            return id
        """
    )
    for path in (".venv/lib/thing.py", "data/rows.txt", ".creta/credentials.json", "__pycache__/a.py", "sub/note.txt"):
        (project.root / path).parent.mkdir(parents=True, exist_ok=True)
        (project.root / path).write_text("x")
    written = project.export()
    archive = written.out / "source.tar"
    assert written.bundle["archive"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == ["features.py", "sub/note.txt"]
    assert {(member.mtime, member.uid, member.gid, member.uname) for member in members} == {(0, 0, 0, "")}


def test_no_archive_without_python_resolvers(project):
    written = project.write(features_py="from creta import features\n@features\nclass A:\n    id: int\n").export()
    assert "archive" not in written.bundle
    assert written.bundle["project"] == "project"


def test_scripts_and_tests_are_not_imported(project):
    project.write(
        features_py="from creta import features\n@features\nclass A:\n    id: int\n",
        prepare_py="raise SystemExit('a script that must not run')",
        test_it_py="import creta\nraise SystemExit('a test that must not run')",
        ignored_py="import creta\nraise SystemExit('named in .cretaignore')",
    )
    (project.root / ".cretaignore").write_text("# scripts\nignored.py\n")
    assert [entity["class"] for entity in project.export().bundle["entities"]] == ["A"]


def test_prints_of_user_modules_do_not_end_up_in_the_answer(project):
    project.write(features_py="import creta\nprint('hello')\nraise ValueError('no')\n")
    written = project.export()
    (letter,) = written.letters
    assert letter["code"] == "import_failed"
    assert letter["place"] == {"file": "features.py", "line": 3}
    assert "hello" in written.stderr


def test_annotations_may_be_postponed(project):
    written = project.write(
        features_py="""
        from __future__ import annotations
        from creta import DataFrame, FeatureTime, Features, Primary, Windowed, _, features, online, windowed
        @features
        class Ship:
            number: Primary[int]
            dock_id: Dock.id | None
            dock: Dock | None
            calls: DataFrame[Call]
            load: Windowed[float | None] = windowed("1d", expression=_.calls[_.teu].mean())
            name: str
        @features
        class Dock:
            id: str
            ships: DataFrame[Ship]
        @features
        class Call:
            id: int
            ship: Ship
            ship_number: Ship.number
            teu: float
            at: FeatureTime
        @online
        def named(dock: Ship.dock.id, load: Ship.load["1d"]) -> Features[Ship.name]:
            return Ship(name=dock)
        """
    ).export()
    ship = next(entity for entity in written.bundle["entities"] if entity["namespace"] == "ship")
    kinds = {feature["name"]: feature["kind"] for feature in ship["features"]}
    assert ship["primary_key"] == "number"
    assert kinds["dock_id"] == {"scalar": {"nullable": True, "type": "str"}}
    assert kinds["dock"]["has_one"]["on"] == [{"foreign": "id", "local": "dock_id"}]
    assert kinds["calls"]["has_many"]["on"] == [{"foreign": "ship_number", "local": "number"}]
    (resolver,) = written.bundle["resolvers"]
    assert [item["input"]["feature"]["path"] for item in resolver["body"]["python"]["parameters"]] == [
        "dock.id",
        "load__86400__",
    ]


def test_a_missing_folder_is_a_letter(tmp_path):
    written = export(tmp_path / "nowhere", tmp_path / "out")
    assert [letter["code"] for letter in written.letters] == ["missing_file"]
