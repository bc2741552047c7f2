"""`IncrementalConfig`: a SQL resolver whose runs load only what is new (framework §7.1)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from creta.definition.durations import microseconds
from creta.definition.letters import suggestion

MODES = ("row", "group", "parameter")
CURSORS = ("feature_time", "resolver_execution_time")
KEYS = ("mode", "lookback_period", "incremental_column", "incremental_timestamp")


@dataclass(frozen=True)
class IncrementalConfig:
    """What a run of the resolver loads: rows from the cursor, less `lookback_period`, on.

    `mode` "row" reads the rows whose `incremental_column` is no earlier than that; "group" reads whole groups of which
    any row is; "parameter" leaves the statement alone, which places `${creta_incremental_timestamp}` itself. The column
    is an output of the statement or a column of its tables. The cursor is the latest feature time that was loaded, or
    with `incremental_timestamp="resolver_execution_time"` the start of the last run.
    """

    mode: str = "row"
    lookback_period: str | int | timedelta = 0
    incremental_column: str | None = None
    incremental_timestamp: str = "feature_time"

    def to_json(self) -> dict[str, Any]:
        """Its form in the bundle. Raises ValueError for what it cannot be."""
        for name, given, known in (
            ("mode", self.mode, MODES),
            ("incremental_timestamp", self.incremental_timestamp, CURSORS),
        ):
            if given not in known:
                raise ValueError(f"`{name}` cannot be `{given}`; it is one of: {', '.join(known)}.")
        if self.mode != "parameter" and not self.incremental_column:
            raise ValueError(f"`mode: {self.mode}` needs `incremental_column`, which says when a row changed.")
        lookback = microseconds(self.lookback_period)
        if lookback < 0:
            raise ValueError("`lookback_period` cannot be negative.")
        body: dict[str, Any] = {"mode": self.mode, "lookback": lookback, "cursor": self.incremental_timestamp}
        return body | ({"column": self.incremental_column} if self.incremental_column else {})


def read_incremental(given: Any) -> dict[str, Any]:
    """The bundle's form of a header's mapping, or of an IncrementalConfig. Raises ValueError."""
    if isinstance(given, IncrementalConfig):
        return given.to_json()
    if not isinstance(given, dict):
        raise ValueError("it is a mapping such as `{mode: row, incremental_column: updated_at}`.")
    for key in given:
        if key not in KEYS:
            hint = suggestion(str(key), KEYS) or f"It has: {', '.join(KEYS)}."
            raise ValueError(f"it has the unknown key `{key}`. {hint}")
    return IncrementalConfig(**given).to_json()
