"""Where the rows come from."""

from creta.sql import (
    CSVSource,
    EnvironmentVariable,
    ParquetSource,
    PostgreSQLSource,
    SQLiteSource,
    make_sql_file_resolver,
)
from features import Berth

terminal = SQLiteSource(name="terminal", path="data/terminal.sqlite")
lake = ParquetSource(name="lake", tables={"calls": "data/calls"})
customs = PostgreSQLSource()
agents = PostgreSQLSource(name="agents", host="db.port.example", port=5433, password=EnvironmentVariable("AGENTS_SECRET"))
files = CSVSource(name="files", tables={"berths": "data/berths.csv"})

make_sql_file_resolver("berths", "select id, name from berths", source=files, resolves=Berth, count="all")
