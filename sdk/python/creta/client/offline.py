"""The request of an offline query: its inputs as an uploaded Parquet file, everything else as JSON."""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy
import pyarrow
import pyarrow.parquet

from creta.client.errors import CretaException
from creta.client.names import feature_name, feature_names, input_table, utc
from creta.client.transport import Transport

TIME_COLUMN, INDEX_COLUMN = "__ts__", "__index__"
INPUT_VERSION = 3


@dataclass(frozen=True)
class OfflineQueryDeadlineOptions:
    """How long a shard and the whole query may take, and whether a shard that took too long is tried again."""

    shard_deadline: timedelta | None = None
    retry_on_shard_deadline: bool = False
    query_deadline: timedelta | None = None


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
        "input": _input(transport, options),
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
        "spine_sql_query": options["spine_sql_query"],
        "feature_for_lower_upper_bound": _one_name(options["feature_for_lower_upper_bound"]),
        "run_asynchronously": options["run_asynchronously"],
        "num_shards": options["num_shards"],
        "num_workers": options["num_workers"],
        "max_retries": options["max_retries"],
        "completion_deadline": _deadline(options["completion_deadline"]),
        "resources": options["resources"],
        "use_metaplanner": options["use_metaplanner"],
        "write_to": options["write_to"],
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


def recompute_request(
    revision_id: str, features: Any, dataset_name: str | None, options: dict[str, Any]
) -> dict[str, Any]:
    """The body that computes some features of a revision anew; `options` go as the wire spells them."""
    return {
        "output": [],
        "destination_format": "PARQUET",
        "input": None,
        "recompute_request_revision_id": revision_id,
        "recompute_features": feature_names(features),
        "dataset_name": dataset_name,
        **options,
    }


def _one_name(feature: Any) -> str | None:
    return None if feature is None else feature_name(feature)


def _deadline(deadline: timedelta | OfflineQueryDeadlineOptions | None) -> Any:
    if isinstance(deadline, OfflineQueryDeadlineOptions):
        return {
            "shard_deadline": _deadline(deadline.shard_deadline),
            "retry_on_shard_deadline": deadline.retry_on_shard_deadline,
            "query_deadline": _deadline(deadline.query_deadline),
        }
    return None if deadline is None else f"{deadline // timedelta(milliseconds=1)}ms"


def _input(transport: Transport, options: dict[str, Any]) -> dict[str, Any] | None:
    """Where the server finds the spine; None when there is none."""
    given, times, statement = options["input"], options["input_times"], options["input_sql"]
    if statement is not None:
        if given is not None:
            message = "`input` and `input_sql` were given."
            raise CretaException(message, code="invalid_query", fix="A spine comes from one of them.")
        return {"input_sql": statement}
    if given is None:
        return None
    if isinstance(given, (str, os.PathLike)):
        path = os.fspath(given).removeprefix("file://")
        if "://" in path:
            return {"parquet_uri": path}
        return _upload(transport, spine(_read_parquet(path), times))
    return _upload(transport, spine(given, times))


def _read_parquet(path: str) -> pyarrow.Table:
    try:
        return pyarrow.parquet.read_table(path)
    except FileNotFoundError:
        message = f"The spine {path} does not exist."
        raise CretaException(message, code="missing_file", fix="Give the path of a Parquet file.") from None
    except pyarrow.ArrowInvalid as error:
        message = f"The spine {path} is not Parquet: {error}"
        raise CretaException(message, code="invalid_input", fix="Give a Parquet file.") from None


def _upload(transport: Transport, table: pyarrow.Table) -> dict[str, Any]:
    """Puts the spine where the server asks for it."""
    answer = transport.json("GET", "/v1/offline_query_parquet_upload_url/1")
    urls = answer.get("urls") or []
    if len(urls) != 1:
        raise CretaException(f"One upload URL was asked for, {len(urls)} came back.")
    buffer = io.BytesIO()
    # Keys and times seldom repeat, so a dictionary of them would cost more than it saves.
    texts = [field.name for field in table.schema if not pyarrow.types.is_primitive(field.type)]
    pyarrow.parquet.write_table(table, buffer, use_dictionary=texts)
    transport.plain("PUT", urls[0]["signed_url"], content=buffer.getvalue())
    return {"filenames": [urls[0]["filename"]], "version": INPUT_VERSION}


def spine(given: Any, times: Sequence[datetime] | datetime | None) -> pyarrow.Table:
    """The input rows with their query time in `__ts__` and their position in `__index__`.

    Raises CretaException when there is not one time per row.
    """
    table = input_table(given)
    rows = table.num_rows
    if times is None and TIME_COLUMN in table.column_names:
        times = table[TIME_COLUMN]
    if times is None or isinstance(times, datetime):
        times = [times or datetime.now(UTC)] * rows
    if len(times) != rows:
        message = f"{rows} input rows were given, but {len(times)} input times."
        raise CretaException(message, code="invalid_query", fix="Give one time for all rows, or one per row.")
    for name, array in (
        (TIME_COLUMN, _time_column(times)),
        (INDEX_COLUMN, pyarrow.array(numpy.arange(rows, dtype=numpy.int64))),
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
