"""Where the rows come from: the airline's operational database."""

from creta.sql import SQLiteSource

# The path is relative to this project's root; `prepare.py` writes the file.
operations = SQLiteSource(name="operations", filename="data/flights.sqlite")
