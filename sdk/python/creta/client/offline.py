"""The request of an offline query: its inputs as an uploaded Parquet file, everything else as JSON."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow
import pyarrow.parquet

from creta.client.dataset import TIME_COLUMN
from creta.client.errors import CretaException
from creta.client.names import feature_names, input_table, utc
from creta.client.transport import Transport

INDEX_COLUMN = "__index__"
INPUT_VERSION = 3


def offline_request(transport: Transport, options: dict[str, Any], branch: str | None) -> dict[str, Any]:
    """Uploads the inputs and makes the body of `POST /v4/offline_query`."""
    recompute = options["recompute_features"]
    context = options["query_context"]
    return {
        "output": feature_names(options["output"]),
        "required_output": feature_names(options["required_output"]),
        "output_expressions": [],
        "required_output_expressions": [],
        "destination_format": "PARQUET",
        "input": _upload(transport, options["input"], options["input_times"]),
        "dataset_name": options["dataset_name"],
        "branch": branch,
        "correlation_id": options["correlation_id"],
        "query_name": options["query_name"],
        "query_name_version": options["query_name_version"],
        "max_samples": options["max_samples"],
        "observed_at_lower_bound": _bound(options["lower_bound"]),
        "observed_at_upper_bound": _bound(options["upper_bound"]),
        "inserted_at_lower_bound": _bound(options["lower_bound_inserted_at"]),
        "inserted_at_upper_bound": _bound(options["upper_bound_inserted_at"]),
        "recompute_features": recompute if isinstance(recompute, bool) else feature_names(recompute),
        "sample_features": feature_names(options["sample_features"]) or None,
        "tags": list(options["tags"]) if options["tags"] else None,
        "required_resolver_tags": list(options["required_resolver_tags"])
        if options["required_resolver_tags"]
        else None,
        "store_online": options["store_online"],
        "store_offline": options["store_offline"],
        "store_plan_stages": False,
        "explain": options["explain"],
        "use_multiple_computers": False,
        "query_context": {key: str(value) for key, value in context.items()} if context else None,
        "planner_options": dict(options["planner_options"]) if options["planner_options"] else None,
    }


def _bound(bound: datetime | timedelta | None) -> str | None:
    if isinstance(bound, timedelta):
        return f"delta:{bound // timedelta(milliseconds=1)}ms"
    return utc(bound).isoformat() if bound is not None else None


def _upload(transport: Transport, given: Any, times: Sequence[datetime] | datetime | None) -> dict[str, Any] | None:
    """Puts the spine where the server asks for it; None when there is none."""
    if given is None:
        return None
    table = spine(given, times)
    answer = transport.json("GET", "/v1/offline_query_parquet_upload_url/1")
    urls = answer.get("urls") or []
    if len(urls) != 1:
        raise CretaException(f"One upload URL was asked for, {len(urls)} came back.")
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    transport.plain("PUT", urls[0]["signed_url"], content=buffer.getvalue())
    return {"filenames": [urls[0]["filename"]], "version": INPUT_VERSION}


def spine(given: Any, times: Sequence[datetime] | datetime | None) -> pyarrow.Table:
    """The input rows with their query time in `__ts__` and their position in `__index__`.

    Raises CretaException when there is not one time per row.
    """
    table = input_table(given)
    rows = table.num_rows
    if times is None or isinstance(times, datetime):
        times = [times or datetime.now(UTC)] * rows
    if len(times) != rows:
        message = f"{rows} input rows were given, but {len(times)} input times."
        raise CretaException(message, code="invalid_query", fix="Give one time for all rows, or one per row.")
    for name, array in (
        (TIME_COLUMN, _time_column(times)),
        (INDEX_COLUMN, pyarrow.array(range(rows), pyarrow.int64())),
    ):
        if name in table.column_names:
            table = table.drop_columns([name])
        table = table.append_column(name, array)
    return table


def _time_column(times: Any) -> Any:
    """Times as UTC microseconds; naive ones are UTC."""
    kind = pyarrow.timestamp("us", "UTC")
    if type(times).__module__.split(".", 1)[0] == "polars":
        times = times.to_arrow()
    if hasattr(times, "dtype"):
        times = pyarrow.array(times)
    if isinstance(times, (pyarrow.Array, pyarrow.ChunkedArray)):
        unit = pyarrow.timestamp("us", times.type.tz) if pyarrow.types.is_timestamp(times.type) else kind
        return times.cast(unit, safe=False).cast(kind)
    return pyarrow.array([utc(time) for time in times], kind)
