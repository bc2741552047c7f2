"""The Python blocks of the two README files run against a server."""

from pathlib import Path

from markdown_blocks import blocks

ROOT = Path(__file__).parent.parent.parent
CALLS = """
import sqlite3
from datetime import UTC, datetime, timedelta

base = sqlite3.connect("port.sqlite")
base.execute("create table calls (id integer, vessel_id integer, teu real, ts text)")
for id, days, teu in ((1, 2, 100.0), (2, 20, 50.0), (3, 60, 900.0)):
    base.execute("insert into calls values (?, 7, ?, ?)", (id, teu, (datetime.now(UTC) - timedelta(days)).isoformat()))
base.commit()
"""
SOURCE = 'from creta.sql import SQLiteSource\n\nport = SQLiteSource(name="port", path="port.sqlite")\n'
RESOLVER = "-- resolves: PortCall\n-- source: port\nselect id, vessel_id, teu, ts from calls\n"


def test_readme(project):
    definitions, question = _python(ROOT / "README.md")
    project.write("sources.py", SOURCE)
    project.write("sql/calls.creta.sql", RESOLVER)
    project.python(CALLS, "calls")
    _deploy(project, definitions)
    project.python(question, "README.md")
    answer = "print(client.query(input={'vessel.id': 7}, output=['vessel.risk']).get_feature_value('vessel.risk'))"
    assert project.python(answer, "answer") == "1\n"


def test_readme_of_the_sdk(project):
    (definitions,) = _python(ROOT / "sdk/python/README.md")
    _deploy(project, definitions)
    given = "--in parcel.id=1 --in parcel.weight_kg=2 --in parcel.volume_l=40"
    assert "true" in project.shell(f"creta query {given} --out parcel.fragile --json")


def _python(page: Path) -> list[str]:
    return [block.text for block in blocks(page) if block.language == "python"]


def _deploy(project, definitions: str) -> None:
    project.write("creta.yaml", "project: readme\n")
    project.write("features.py", definitions)
    project.start_server()
    project.shell("creta apply")
