"""The small project of the live tests: vessels in SQLite, and resolvers that work, raise, dawdle and die."""

import sqlite3
import textwrap
from pathlib import Path

FEATURES = """
from creta import NamedQuery
from creta.features import Primary, feature, features


@features
class Berth:
    id: Primary[int]
    name: str


@features
class Company:
    id: Primary[str]
    name: str


@features
class Vessel:
    id: Primary[int]
    name: str
    draft_m: float
    flag: str | None
    berth_id: "Berth.id"
    berth: Berth
    note: str = feature(max_staleness="30d")
    crew: int = feature(max_staleness="30d")
    orphan: float
    toll: float
    broken: float
    slow: float
    fatal: float
    patient: bool
    told: float
    narrow: int
    leaves: float
    absent: float
    chatty: float
    mortal: float


NamedQuery(name="port_dues", input=[Vessel.id], output=[Vessel.name, Vessel.toll])
"""

RESOLVERS = """
import os
import pathlib
import sys
import time

from creta import online
from features import Vessel


@online
def toll(draft: Vessel.draft_m) -> Vessel.toll:
    return draft * 20.0


@online
def broken(draft: Vessel.draft_m) -> Vessel.broken:
    raise ValueError("the scale is broken")  # raises


@online(timeout="300ms")
def slow(draft: Vessel.draft_m) -> Vessel.slow:
    time.sleep(20)
    return draft


@online
def fatal(draft: Vessel.draft_m) -> Vessel.fatal:
    os.kill(os.getpid(), 9)
    return draft


@online
def patient(marker: Vessel.note) -> Vessel.patient:
    pathlib.Path(marker).touch()
    time.sleep(0.7)
    return True


@online
def told(note: Vessel.note) -> Vessel.told:
    raise ValueError(note)


@online
def narrow(draft: Vessel.draft_m) -> Vessel.narrow:
    return "eleven"


@online
def leaves(draft: Vessel.draft_m) -> Vessel.leaves:
    sys.exit(3)


@online
def absent(draft: Vessel.draft_m) -> Vessel.absent:
    return None


@online
def chatty(draft: Vessel.draft_m) -> Vessel.chatty:
    print("x" * 300_000, flush=True)
    return draft


@online
def mortal(draft: Vessel.draft_m) -> Vessel.mortal:
    os._exit(1)
"""

SOURCES = """
from creta.sql import SQLiteSource

harbour = SQLiteSource(name="harbour", filename="data/harbour.sqlite")
"""

VESSEL_SQL = """
-- resolves: Vessel
-- source: harbour
select id, name, draft_m, flag, berth_id from vessels
"""

BERTH_SQL = """
-- resolves: Berth
-- source: harbour
select id, name from berths
"""

FILES = {
    "creta.yaml": "project: harbour\n",
    "features.py": FEATURES,
    "resolvers.py": RESOLVERS,
    "sources.py": SOURCES,
    "vessel.creta.sql": VESSEL_SQL,
    "berth.creta.sql": BERTH_SQL,
}

TABLES = """
create table vessels (id integer primary key, name text, draft_m real, flag text, berth_id integer);
insert into vessels values (7, 'Orion', 11.5, 'NO', 1), (8, 'Vega', 9.0, null, 2);
create table berths (id integer primary key, name text);
insert into berths values (1, 'North quay'), (2, 'South quay');
"""


def write_files(folder: Path, files: dict[str, str]) -> Path:
    """Writes each text to its name in the folder, which is made if need be."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    return folder


def write_harbour(folder: Path, changed: dict[str, str] | None = None) -> Path:
    """The whole project with its database; `changed` replaces the texts of some of its files."""
    write_files(folder, FILES | (changed or {}))
    (folder / "data").mkdir(exist_ok=True)
    with sqlite3.connect(folder / "data" / "harbour.sqlite") as database:
        database.executescript(TABLES)
    database.close()
    return folder


def replaced(name: str, old: str, new: str) -> dict[str, str]:
    """One file of the project, with the one occurrence of `old` replaced."""
    assert FILES[name].count(old) == 1, old
    return {name: FILES[name].replace(old, new)}


def line_of(text: str, part: str) -> int:
    """The number of the one line of a written file that holds `part`."""
    lines = textwrap.dedent(text).lstrip("\n").splitlines()
    (line,) = [number for number, content in enumerate(lines, 1) if part in content]
    return line
