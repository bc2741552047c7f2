"""Runs a SQL resolver without a server, for unit tests: SQLite files directly, other files in SQLite's memory.

The statement is run as SQLite understands it, so a test of a resolver of another source checks its columns and its
logic, not that source's dialect.
"""

import json
import os
import re
import sqlite3
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow

from creta import clock
from creta.definition.classes import ClassInfo
from creta.definition.letters import suggestion
from creta.definition.registry import registry
from creta.definition.sources import Source, SQLResolver
from creta.definition.value_types import NotAType, arrow_type, value_type
from creta.frames import DataFrame
from creta.project.loading import project_files
from creta.project.sql_files import ENDINGS, read_file

INPUT = re.compile(r"\$\{\s*([A-Za-z0-9_.@]+)\s*(?:(?:\||\bor\b)\s*([^}]+?)\s*)?\}")
# What incremental runs put in; a unit test reads everything.
BOUNDS = ("creta_incremental_timestamp", "chalk_incremental_timestamp")
EVERYTHING = datetime(1700, 1, 1, tzinfo=UTC)
NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]")


def sql_resolvers(root: str) -> list[SQLResolver]:
    """The SQL files below a folder."""
    return [read_file(os.path.join(root, path)) for path in project_files(root, ENDINGS)]


class RunnableSQLResolver:
    """A SQL resolver whose statement can be run: `get_resolver("calls")({"vessel.id": 7})` gives a DataFrame.

    The module that declares its source and the feature class must be imported.
    """

    def __init__(self, resolver: SQLResolver, root: str):
        self.resolver = resolver
        self.root = root

    def __repr__(self) -> str:
        return f"<SQL resolver {self.resolver.name}>"

    def __call__(self, inputs: dict[Any, Any] | None = None) -> DataFrame:
        """The rows for these inputs (feature → value); `${now}` is the present, which `freeze_time` fixes."""
        given = {str(name): value for name, value in (inputs or {}).items()}
        statement, parameters = bound(self.resolver.text, given)
        with _connect(self._source(), self.root) as base:
            cursor = base.execute(statement, parameters)
            names = [column[0] for column in cursor.description or ()]
            rows = cursor.fetchall()
        base.close()
        self._check_count(len(rows))
        return DataFrame(_table(self._class(), self.resolver.header.get("fields") or {}, names, rows))

    def _check_count(self, rows: int) -> None:
        count = str(self.resolver.header.get("count", "all")).lower()
        if (rows > 1 and count in ("1", "one", "one_or_none")) or (rows == 0 and count in ("1", "one")):
            raise ValueError(f"{self.resolver.name}: the statement returned {rows} rows, but says `count: {count}`")

    def _source(self) -> Source:
        name = self.resolver.header.get("source")
        found = [source for source in registry.sources if source.name == name]
        found = found or [source for source in registry.sources if source.kind == str(name).lower()]
        if not found:
            raise LookupError(f"the source {name} is not declared; import the module that declares it")
        return found[-1]

    def _class(self) -> ClassInfo:
        name = str(self.resolver.header.get("resolves"))
        found = registry.class_named(name) or registry.classes.get(name)
        if found is None:
            raise LookupError(f"the feature class {name} is not declared; import the module that declares it")
        return found.__creta__


def bound(text: str, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement with named parameters in place of `${…}`, and their values. Raises KeyError for what is lacking."""
    parameters: dict[str, Any] = {}

    def replace(match: re.Match) -> str:
        name, default = match.groups()
        if name == "now":
            value: Any = clock.now()
        elif name in BOUNDS:
            value = EVERYTHING
        elif name in given:
            value = given[name]
        elif default is not None:
            value = json.loads(default)
        else:
            raise KeyError(f"the statement needs the input {name}")
        key = f"input_{len(parameters)}"
        parameters[key] = _to_sqlite(value)
        return f":{key}"

    return INPUT.sub(replace, text), parameters


def _to_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return aware.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value // timedelta(microseconds=1)
    return value if value is None or isinstance(value, (int, float, str, bytes)) else json.dumps(value, default=str)


def _connect(source: Source, root: str) -> sqlite3.Connection:
    if source.kind == "sqlite":
        path = os.path.join(root, source.body["path"])
        if not os.path.exists(path):
            raise FileNotFoundError(f"the SQLite file {path} of the source {source.name} does not exist")
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    if source.kind not in ("parquet", "csv"):
        raise NotImplementedError(f"a {source.kind} source cannot be read in a unit test; query a server's branch")
    base = sqlite3.connect(":memory:")
    for name, path in source.body["tables"].items():
        _load(base, name, _read(source.kind, os.path.join(root, path)))
    return base


def _read(kind: str, path: str) -> pyarrow.Table:
    if kind == "parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path)
    import pyarrow.dataset

    return pyarrow.dataset.dataset(path, format="csv").to_table()


def _load(base: sqlite3.Connection, name: str, table: pyarrow.Table) -> None:
    quoted = ", ".join('"' + column.replace('"', '""') + '"' for column in table.column_names)
    identifier = '"' + name.replace('"', '""') + '"'
    base.execute(f"create table {identifier} ({quoted})")
    marks = ", ".join("?" for _column in table.column_names)
    rows = ([_to_sqlite(value) for value in row.values()] for row in table.to_pylist())
    base.executemany(f"insert into {identifier} values ({marks})", rows)


def _table(info: ClassInfo, fields: dict[str, str], names: list[str], rows: list[tuple]) -> pyarrow.Table:
    attributes = {_simple(field.name): attribute for attribute, field in info.fields.items()}
    attributes |= {_simple(f"{info.namespace}.{field.name}"): attribute for attribute, field in info.fields.items()}
    columns = {}
    for place, name in enumerate(names):
        wanted = str(fields.get(name, name)).removeprefix(f"{info.namespace}.")
        attribute = attributes.get(_simple(wanted))
        if attribute is None:
            hint = suggestion(wanted, info.fields)
            raise LookupError(f"the column {name} is no feature of {info.name}." + (f" {hint}" if hint else ""))
        values = [row[place] for row in rows]
        columns[f"{info.namespace}.{info.stored_name(attribute)}"] = _typed(info, attribute, values)
    return pyarrow.table(columns)


def _simple(name: str) -> str:
    return NOT_ALPHANUMERIC.sub("", name.lower())


def _typed(info: ClassInfo, attribute: str, values: list[Any]) -> Any:
    """SQLite's values in the feature's type: times are ISO texts, bools are 0 and 1."""
    declared = info.python_type(attribute)
    if getattr(declared, "_creta_path", None) is not None:
        declared = declared._creta_owner.__creta__.python_type(declared._creta_path[-1])
    try:
        found = value_type(declared)
    except NotAType:
        return pyarrow.array(values)
    read = READERS.get(found.data_type if isinstance(found.data_type, str) else "", lambda value: value)
    encoded = [None if value is None else found.encode(read(value)) for value in values]
    return pyarrow.array(encoded, arrow_type(found.data_type))


def _moment(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


READERS = {
    "datetime": _moment,
    "date": lambda value: date.fromisoformat(value[:10]) if isinstance(value, str) else value,
    "time": lambda value: time.fromisoformat(value) if isinstance(value, str) else value,
    "bool": lambda value: bool(value) if value in (0, 1) else value,
}
