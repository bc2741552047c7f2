"""`CretaClient`: the calls of the HTTP interface."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from creta.client.credentials import find_credentials
from creta.client.dataset import Dataset
from creta.client.errors import CretaError, CretaException, errors_from_json
from creta.client.framing import ByteModel, bulk_request, bulk_results, ipc_file
from creta.client.names import feature_name, feature_names, input_table, single_inputs, staleness_json, utc
from creta.client.offline import OfflineQueryDeadlineOptions, offline_request
from creta.client.progress import ProgressBar
from creta.client.results import BulkResult, QueryResult
from creta.client.runs import (
    TRIGGER_TIMEOUT,
    IncrementalCursor,
    ResolverRun,
    cursor_path,
    instant_text,
    resolver_name,
)
from creta.client.transport import Transport


@dataclass(frozen=True)
class WhoAmI:
    """The caller as the server knows it."""

    user: str
    environment_id: str | None = None
    team_id: str | None = None


class CretaClient:
    """Talks to one Creta server.

    Without arguments the server and its credentials are found as `creta up` left them: environment variables
    CRETA_API_SERVER, CRETA_CLIENT_ID, CRETA_CLIENT_SECRET; the file CRETA_CREDENTIALS; `.creta/credentials.json` here
    or in a folder above. `timeout` is in seconds per request. Every call raises CretaException when it fails as a
    whole.
    """

    def __init__(
        self,
        *,
        client_id: str | None = None,
        client_secret: str | None = None,
        api_server: str | None = None,
        environment: str | None = None,
        branch: str | None = None,
        timeout: float | None = None,
    ):
        self._transport = Transport(find_credentials(api_server, client_id, client_secret), environment, timeout)
        self.branch = branch

    def __enter__(self) -> "CretaClient":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    @property
    def url(self) -> str:
        """The server's address."""
        return self._transport.credentials.url

    def whoami(self) -> WhoAmI:
        """Who the server takes us for."""
        body = self._transport.json("GET", "/v1/who-am-i")
        return WhoAmI(body["user"], body.get("environment_id"), body.get("team_id"))

    def query(
        self,
        input: Any = None,
        output: Any = (),
        now: datetime | None = None,
        *,
        staleness: Mapping[Any, Any] | None = None,
        tags: Sequence[str] | None = None,
        required_resolver_tags: Sequence[str] | None = None,
        query_name: str | None = None,
        query_name_version: str | None = None,
        correlation_id: str | None = None,
        include_meta: bool = False,
        explain: bool = False,
        meta: Mapping[str, str] | None = None,
        planner_options: Mapping[str, Any] | None = None,
        query_context: Mapping[str, Any] | None = None,
        request_timeout: float | None = None,
    ) -> QueryResult:
        """Features of one entity.

        `input` maps features (or fully qualified names) to values, or is an instance; `output` lists features, empty
        for those of the named query or of the input's class. `now` (UTC if naive) is the query time. Errors of single
        outputs are in the result's `errors` and raise nothing.
        """
        body = self._query_header(output, **_given(locals()))
        body["inputs"] = single_inputs(input or {})
        body["now"] = utc(now).isoformat() if now is not None else None
        return QueryResult.from_json(
            self._transport.json("POST", "/v1/query/online", json=body, **_timeout(request_timeout))
        )

    def check(self, input: Any, assertions: Mapping[Any, Any], **options: Any) -> QueryResult:
        """Queries the features in `assertions` and fails the test where they differ: see `creta.testing.check`."""
        from creta.testing import check

        return check(self, input, assertions, **options)

    def query_bulk(
        self,
        input: Any,
        output: Any = (),
        now: Sequence[datetime] | datetime | None = None,
        *,
        staleness: Mapping[Any, Any] | None = None,
        tags: Sequence[str] | None = None,
        required_resolver_tags: Sequence[str] | None = None,
        query_name: str | None = None,
        query_name_version: str | None = None,
        correlation_id: str | None = None,
        include_meta: bool = False,
        explain: bool = False,
        meta: Mapping[str, str] | None = None,
        planner_options: Mapping[str, Any] | None = None,
        query_context: Mapping[str, Any] | None = None,
        request_timeout: float | None = None,
        show_progress: bool | None = None,
    ) -> BulkResult:
        """Features of many entities in one request.

        `input` maps features to lists of equal length, or is a pandas, polars or pyarrow table; `now` is one time or
        one per row. The result has one row per input row, in the same order.
        """
        table = input_table(input)
        header = self._query_header(output, **_given(locals()))
        if now is not None:
            times = [now] * table.num_rows if isinstance(now, datetime) else list(now)
            header["now"] = [utc(time).isoformat() for time in times]
        with ProgressBar("bulk query", show_progress) as bar:
            bar.update(0, table.num_rows)
            response = self._transport.request(
                "POST",
                "/v1/query/feather",
                content=bulk_request([(header, table)]),
                headers={"Content-Type": "application/octet-stream"},
                **_timeout(request_timeout),
            )
            bar.update(table.num_rows, table.num_rows)
        results = bulk_results(response.content)
        if len(results) != 1:
            raise CretaException(f"One query was sent, but {len(results)} results came back.")
        return BulkResult.from_raw(results[0])

    def explain(self, input: Any = None, output: Any = (), *, offline: bool = False, **options: Any) -> dict[str, Any]:
        """The plan of a query without running it: {"text": …, "plan": …}. The options are those of `query`."""
        body = self._query_header(output, **options)
        body["inputs"] = single_inputs(input or {})
        if offline:
            body["offline"] = True
        return self._transport.json("POST", "/v1/query/explain", json=body)

    def upload_features(
        self,
        input: Any,
        *,
        correlation_id: str | None = None,
        query_name: str | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> list[CretaError]:
        """Stores values of one entity, online and offline. Returns the errors, an empty list when all is stored.

        `input` maps features to values and holds the primary key. When it returns, queries see the values.
        """
        columns = {name: [value] for name, value in single_inputs(input).items()}
        body = {"input": columns, "correlation_id": correlation_id, "query_name": query_name, "meta": meta}
        answer = self._transport.json("POST", "/v1/upload_features", json={**body, "preview_deployment_id": None})
        return errors_from_json(answer.get("errors"))

    def multi_upload_features(self, input: Any, *, show_progress: bool | None = None) -> list[CretaError]:
        """Stores values of many entities, online and offline. Returns the errors, an empty list when all is stored.

        `input` is a list of mappings or instances, a mapping of features to lists of equal length, or a table. Rows
        that give different features are sent apart, since a feature that is not given is not the same as null.
        """
        tables = _upload_tables(input)
        total = sum(table.num_rows for table in tables)
        errors: list[CretaError] = []
        done = 0
        with ProgressBar("upload", show_progress) as bar:
            for table in tables:
                attributes = {"features": table.column_names, "table_compression": "uncompressed"}
                answer = self._transport.json(
                    "POST",
                    "/v1/upload_features/multi",
                    content=ByteModel(attributes, {"table_bytes": ipc_file(table)}).to_bytes(),
                    headers={"Content-Type": "application/octet-stream"},
                )
                errors += errors_from_json(answer.get("errors"))
                done += table.num_rows
                bar.update(done, total)
        return errors

    def delete_features(
        self,
        namespace: Any,
        features: Any = None,
        tags: Sequence[str] | None = None,
        primary_keys: Sequence[Any] = (),
        *,
        retain_offline: bool = False,
        retain_online: bool = False,
    ) -> None:
        """Removes stored values of some primary keys, online and offline. What is stored afterwards stays.

        `namespace` is that of the class, or the class. `features` are named with or without it; `tags` stand for the
        features that carry one. Neither of them means everything that is stored of the keys. When it returns, no query
        and no training set submitted later finds the values. Raises CretaException, and removes nothing, when a name or
        a key is wrong.
        """
        body = {
            "namespace": feature_name(namespace),
            "features": None if features is None else feature_names(features),
            "tags": None if tags is None else list(tags),
            "primary_keys": [str(key) for key in primary_keys],
            "retain_offline": retain_offline,
            "retain_online": retain_online,
        }
        self._transport.json("DELETE", "/v1/features/rows", json=body)

    def drop_features(
        self, namespace: Any, features: Any, *, retain_offline: bool = False, retain_online: bool = False
    ) -> None:
        """Removes all stored values of some features, online and offline.

        A feature that both stores have forgotten may have another type in the next deployment. Raises CretaException,
        and removes nothing, when a name is wrong.
        """
        body = {
            "namespace": feature_name(namespace),
            "features": feature_names(features),
            "retain_offline": retain_offline,
            "retain_online": retain_online,
        }
        self._transport.json("DELETE", "/v1/features/columns", json=body)

    def trigger_resolver_run(
        self,
        resolver_fqn: Any,
        upper_bound: datetime | None = None,
        lower_bound: datetime | None = None,
        store_online: bool = True,
        store_offline: bool = True,
        timestamping_mode: str = "feature_time",
        idempotency_key: str | None = None,
    ) -> ResolverRun:
        """Runs a resolver that needs no inputs and stores its rows; returns when it has ended, within 300 seconds.

        `resolver_fqn` is a resolver or its name. An incremental resolver reads what is new since its last run; with a
        bound (of the feature time, inclusive) it reads those rows instead, and its cursor stays where it is.
        `timestamping_mode` "feature_time" stores rows at their feature time, "online_store_write_time" at the start of
        the run. Repeating an `idempotency_key` answers with the first run. See `get_run_status` for a run that is still
        "received". Raises CretaException when the resolver is not known, needs inputs or is running.
        """
        body = {
            "resolver_fqn": resolver_name(resolver_fqn),
            "upper_bound": instant_text(upper_bound),
            "lower_bound": instant_text(lower_bound),
            "timestamping_mode": timestamping_mode,
            "persistence_settings": {"persist_online_storage": store_online, "persist_offline_storage": store_offline},
            "idempotency_key": idempotency_key,
        }
        answer = self._transport.json("POST", "/v1/runs/trigger", json=body, timeout=TRIGGER_TIMEOUT)
        return ResolverRun.from_json(answer)

    def get_run_status(self, run_id: str) -> ResolverRun:
        """A run of a resolver, by the id that `trigger_resolver_run` answered."""
        return ResolverRun.from_json(self._transport.json("GET", f"/v1/runs/{run_id}"))

    def get_incremental_cursor(self, resolver: Any) -> IncrementalCursor:
        """How far an incremental resolver (or its name) has come."""
        return IncrementalCursor.from_json(self._transport.json("GET", cursor_path(resolver)))

    def set_incremental_cursor(
        self,
        resolver: Any,
        max_ingested_timestamp: datetime | None = None,
        last_execution_timestamp: datetime | None = None,
    ) -> IncrementalCursor:
        """Sets from where the next run of an incremental resolver reads; what is not given is forgotten.

        Raises CretaException for an instant in the future, and while the resolver is running.
        """
        body = {
            "max_ingested_timestamp": instant_text(max_ingested_timestamp),
            "last_execution_timestamp": instant_text(last_execution_timestamp),
        }
        return IncrementalCursor.from_json(self._transport.json("POST", cursor_path(resolver), json=body))

    def drop_incremental_cursor(self, resolver: Any) -> bool:
        """Forgets the cursor, so that the next run reads everything; False when there was none."""
        return bool(self._transport.json("DELETE", cursor_path(resolver))["dropped"])

    def offline_query(
        self,
        input: Any = None,
        input_times: Sequence[datetime] | datetime | None = None,
        output: Any = (),
        required_output: Any = (),
        *,
        dataset_name: str | None = None,
        recompute_features: bool | Sequence[Any] = False,
        sample_features: Sequence[Any] | None = None,
        max_samples: int | None = None,
        lower_bound: datetime | timedelta | None = None,
        upper_bound: datetime | timedelta | None = None,
        lower_bound_inserted_at: datetime | None = None,
        upper_bound_inserted_at: datetime | None = None,
        tags: Sequence[str] | None = None,
        required_resolver_tags: Sequence[str] | None = None,
        query_name: str | None = None,
        query_name_version: str | None = None,
        correlation_id: str | None = None,
        query_context: Mapping[str, Any] | None = None,
        planner_options: Mapping[str, Any] | None = None,
        spine_sql_query: str | None = None,
        input_sql: str | None = None,
        feature_for_lower_upper_bound: Any = None,
        store_online: bool = False,
        store_offline: bool = False,
        run_asynchronously: bool = False,
        num_shards: int | None = None,
        num_workers: int | None = None,
        completion_deadline: timedelta | OfflineQueryDeadlineOptions | None = None,
        max_retries: int | None = None,
        resources: Mapping[str, Any] | None = None,
        use_metaplanner: bool = False,
        write_to: Any = None,
        explain: bool = False,
        wait: bool = False,
        timeout: float | timedelta | None = None,
        show_progress: bool | None = None,
    ) -> Dataset:
        """Features of many entities, each as of its own time: a training set.

        The rows, the *spine*, come from one of these: `input`, a mapping of features to lists, a pandas, polars or
        pyarrow table, or the path of a Parquet file; `input_sql` or `spine_sql_query`, a SELECT that the server runs
        over stored features and files; or nothing, then stored entities are taken, at most `max_samples` of them.
        `input_times` is one time or one per row; without it the column `__ts__` of the spine counts, or the submission
        time.

        `recompute_features` False samples what was stored, True runs the resolvers as of each row's time, a list does
        so for those features; `sample_features` are sampled even so. Only observations within the bounds count; a
        timedelta is relative to the earliest time (lower bounds) or the latest (upper bounds). Rows that lack a
        `required_output` are left out. `store_online` and `store_offline` keep what was computed.

        The rows are computed in `num_shards` parts, `num_workers` at a time; `run_asynchronously` changes nothing, as
        every run goes on without its caller. Returns at once unless `wait`; reading the Dataset waits.
        """
        options = {key: value for key, value in locals().items() if key not in ("self", "wait", "timeout")}
        body = offline_request(self._transport, options, self.branch)
        dataset = Dataset(self._transport, self._transport.json("POST", "/v4/offline_query", json=body), show_progress)
        return dataset.wait(timeout) if wait else dataset

    def get_dataset(self, dataset_name: str | None = None, *, revision_id: str | None = None) -> Dataset:
        """A dataset by its name (newest revision), or by the id of one of its revisions."""
        if (dataset_name is None) == (revision_id is None):
            raise ValueError("give either dataset_name or revision_id")
        path = f"/v4/offline_query/{revision_id}" if revision_id else f"/v3/offline_query/{dataset_name}"
        return Dataset(self._transport, self._transport.json("GET", path))

    def list_datasets(self) -> list[Dataset]:
        """The named datasets, the one computed last first; each with its newest revision only."""
        answer = self._transport.json("GET", "/v1/datasets")
        return [Dataset(self._transport, body) for body in answer["datasets"]]

    def cancel_offline_query(self, query: Dataset | str) -> bool:
        """Cancels an offline query, given its Dataset or the id of its revision; False when it is not running."""
        revision_id = query if isinstance(query, str) else query.revision_id
        return bool(self._transport.json("DELETE", f"/v4/offline_query/{revision_id}")["cancelled"])

    def _query_header(self, output: Any, **options: Any) -> dict[str, Any]:
        """The fields that single and bulk queries share."""
        context = options.get("query_context")
        return {
            "outputs": feature_names(output),
            "staleness": staleness_json(options.get("staleness")),
            "context": {
                "environment": self._transport.environment,
                "tags": list(options["tags"]) if options.get("tags") else None,
                "required_resolver_tags": list(options["required_resolver_tags"])
                if options.get("required_resolver_tags")
                else None,
            },
            "include_meta": bool(options.get("include_meta") or options.get("explain")),
            "explain": bool(options.get("explain")),
            "correlation_id": options.get("correlation_id"),
            "query_name": options.get("query_name"),
            "query_name_version": options.get("query_name_version"),
            "branch_id": self.branch,
            "meta": dict(options["meta"]) if options.get("meta") else None,
            "planner_options": dict(options["planner_options"]) if options.get("planner_options") else None,
            "query_context": {key: str(value) for key, value in context.items()} if context else None,
        }


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    """The options among the arguments of a method."""
    return {key: value for key, value in arguments.items() if key not in ("self", "input", "output", "now", "table")}


def _timeout(seconds: float | None) -> dict[str, float]:
    return {} if seconds is None else {"timeout": seconds}


def _upload_tables(given: Any) -> list[Any]:
    """One table per set of features that rows give."""
    is_rows = isinstance(given, Sequence) and not isinstance(given, (str, bytes))
    if not is_rows:
        return [input_table(given)]
    shapes: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in given:
        values = {feature_name(name): value for name, value in row.items()}
        shapes.setdefault(tuple(sorted(values)), []).append(values)
    return [input_table({name: [row[name] for row in rows] for name in names}) for names, rows in shapes.items()]
