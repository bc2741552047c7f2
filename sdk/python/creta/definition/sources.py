"""Data sources and SQL resolvers as a project declares them."""

from dataclasses import dataclass, field
from typing import Any

from creta.definition.letters import fault
from creta.definition.places import Place, caller_place
from creta.definition.registry import registry
from creta.definition.spellings import unknown_option


@dataclass
class Source:
    """A named place that rows are read from: its `kind`, such as sqlite, and `body`, its settings in the bundle."""

    name: str
    kind: str
    body: dict[str, Any]
    place: Place = field(default_factory=caller_place)

    def __post_init__(self):
        if not self.name:
            raise fault("invalid_definition", "A source needs a name.", self.place)
        registry.sources.append(self)


class SQLiteSource(Source):
    """A SQLite file: `SQLiteSource(name="port", path="data/port.sqlite")`, relative to the project's root.

    `filename` is another spelling of `path`.
    """

    def __init__(self, name: str, path: str | None = None, *, filename: str | None = None):
        chosen = path or filename
        if not chosen:
            raise fault("invalid_definition", f"The SQLite source `{name}` needs a path.", caller_place())
        super().__init__(name, "sqlite", {"path": str(chosen)}, caller_place())


SQLiteFileSource = SQLiteSource


class ParquetSource(Source):
    """Tables that are Parquet files or folders: `ParquetSource(name="lake", tables={"calls": "data/calls"})`."""

    def __init__(self, name: str, tables: dict[str, str]):
        super().__init__(name, "parquet", {"tables": _tables(name, tables)}, caller_place())


class CSVSource(Source):
    """Tables that are CSV files with a header line: `CSVSource(name="files", tables={"calls": "data/calls.csv"})`."""

    def __init__(self, name: str, tables: dict[str, str]):
        super().__init__(name, "csv", {"tables": _tables(name, tables)}, caller_place())


def _tables(name: str, tables: dict[str, str]) -> dict[str, str]:
    if not tables:
        raise fault("invalid_definition", f"The source `{name}` has no tables.", caller_place())
    return {table: str(path) for table, path in tables.items()}


@dataclass
class SQLResolver:
    """A SQL statement and the facts about it: those of its header, or of `make_sql_file_resolver`."""

    name: str
    text: str
    header: dict[str, Any]
    description: str | None
    place: Place


def make_sql_file_resolver(
    name: str, sql: str = "", source: Any = None, resolves: Any = None, kind: str | None = None, **settings: Any
) -> SQLResolver:
    """A SQL resolver written in Python. `sql` may carry a header; the arguments win over it.

    `source` is a source or its name, `resolves` a feature class or its name, `kind` "online" or "offline"; the other
    settings are the keys of the header (`count`, `tags`, `timeout`, `owner`, `environment`, `fields`, …).
    """
    from creta.project.sql_files import read_header

    place = caller_place()
    for option in settings:
        if option in ("query", "outputs", "environments"):
            known = ("name", "sql", "source", "resolves", "kind", "environment")
            letter = unknown_option("make_sql_file_resolver", option, known, place)
            raise fault(letter.code, letter.message, place, letter.fix)
    if not sql:
        raise fault("invalid_definition", f"The SQL resolver `{name}` has no statement.", place, "Give it as `sql=`.")
    header, description = read_header(sql, place)
    given = {"source": getattr(source, "name", source), "resolves": getattr(resolves, "__name__", resolves)}
    given |= {"type": kind, **settings}
    header |= {key: value for key, value in given.items() if value is not None}
    resolver = SQLResolver(name, sql, header, description, place)
    registry.sql_resolvers.append(resolver)
    return resolver
