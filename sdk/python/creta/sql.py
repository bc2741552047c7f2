"""Data sources and SQL resolvers."""

from creta.definition.databases import EnvironmentVariable, PostgreSQLSource
from creta.definition.incremental import IncrementalConfig
from creta.definition.sources import CSVSource, ParquetSource, SQLiteFileSource, SQLiteSource, make_sql_file_resolver

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
