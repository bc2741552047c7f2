"""Where the rows come from."""

from creta.sql import CSVSource, ParquetSource, SQLiteSource, make_sql_file_resolver
from features import Berth

terminal = SQLiteSource(name="terminal", path="data/terminal.sqlite")
lake = ParquetSource(name="lake", tables={"calls": "data/calls"})
files = CSVSource(name="files", tables={"berths": "data/berths.csv"})

make_sql_file_resolver("berths", "select id, name from berths", source=files, resolves=Berth, count="all")
