"""Data sources and SQL resolvers."""

from typing import Any

from creta.definition.databases import EnvironmentVariable, PostgreSQLSource
from creta.definition.incremental import IncrementalConfig
from creta.definition.sources import CSVSource, ParquetSource, SQLiteFileSource, SQLiteSource, make_sql_file_resolver
from creta.definition.unbuilt import WAREHOUSES, lookup


def __getattr__(name: str) -> Any:
    if name in WAREHOUSES:
        return lookup(__name__, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CSVSource",
    "EnvironmentVariable",
    "IncrementalConfig",
    "ParquetSource",
    "PostgreSQLSource",
    "SQLiteFileSource",
    "SQLiteSource",
    "make_sql_file_resolver",
]
