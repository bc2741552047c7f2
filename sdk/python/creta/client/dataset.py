"""`Dataset`: the answer of an offline query, its revisions and its data."""

import io
import os
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow
import pyarrow.parquet

from creta.client.errors import CretaError, CretaException, errors_from_json
from creta.client.offline import TIME_COLUMN, recompute_request
from creta.client.progress import ProgressBar
from creta.client.summary import ColumnSummary, summarise
from creta.client.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STATUSES = {
    1: "pending", 2: "submitted", 3: "running", 4: "error", 5: "expired", 6: "cancelled", 7: "successful",
}  # fmt: skip
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
KEY_COLUMN = "__id__"


@dataclass(frozen=True)
class Revision:
    """One run of an offline query; it never changes once it has ended. `status` is a word such as "successful"."""

    revision_id: str
    status: str
    outputs: list[str] = field(default_factory=list)
    num_rows: int | None = None
    num_bytes: int | None = None
    num_partitions: int = 1
    created_at: datetime | None = None
    terminated_at: datetime | None = None
    branch: str | None = None
    errors: list[CretaError] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Revision":
        return cls(
            revision_id=body["revision_id"],
            status=STATUSES.get(body.get("status"), "pending"),
            outputs=list(body.get("outputs") or []),
            num_rows=body.get("num_rows"),
            num_bytes=body.get("num_bytes"),
            num_partitions=body.get("num_partitions") or 1,
            created_at=_time(body.get("created_at")),
            terminated_at=_time(body.get("terminated_at")),
            branch=body.get("branch"),
            errors=errors_from_json(body.get("errors")),
            metadata=dict(body.get("metadata") or {}),
        )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class Dataset:
    """The result of an offline query, possibly still being computed.

    Reading waits until the newest revision is complete and raises CretaException when it has errors, unless
    `ignore_errors=True`. Rows are the rows of the input, in its order.
    """

    def __init__(self, transport: Transport, body: dict[str, Any], show_progress: bool | None = None):
        self._transport = transport
        self._show_progress = show_progress
        self._urls: list[str] | None = None
        self._table: pyarrow.Table | None = None
        self._adopt(body)

    def _adopt(self, body: dict[str, Any]) -> None:
        self.dataset_id: str | None = body.get("dataset_id")
        self.dataset_name: str | None = body.get("dataset_name")
        self.environment_id: str | None = body.get("environment_id")
        self.is_finished: bool = bool(body.get("is_finished"))
        self.revisions = [Revision.from_json(revision) for revision in body.get("revisions") or []]
        self.errors: list[CretaError] = errors_from_json(body.get("errors"))

    def __repr__(self) -> str:
        name = self.dataset_name or self.dataset_id or "unnamed"
        state = self.revisions[-1].status if self.revisions else "no revision"
        return f"<Dataset {name}: {len(self.revisions)} revisions, newest {state}>"

    @property
    def revision(self) -> Revision:
        """The newest revision, which is the one that is read."""
        if not self.revisions:
            raise CretaException("This dataset has no revision.", self.errors, code="not_found")
        return self.revisions[-1]

    @property
    def revision_id(self) -> str:
        """The id of the newest revision."""
        return self.revision.revision_id

    def wait(self, timeout: float | timedelta | None = None, show_progress: bool | None = None) -> "Dataset":
        """Waits until the newest revision is complete; returns this dataset.

        `timeout` is in seconds; TimeoutError after it, while the server goes on. A progress bar appears on stderr after
        two seconds when that is a terminal or `show_progress` is True.
        """
        self._poll(timeout, show_progress, ignore_errors=True)
        return self

    def _poll(self, timeout: float | timedelta | None, show_progress: bool | None, ignore_errors: bool) -> None:
        if self._urls is not None:
            return
        limit = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        deadline = time.monotonic() + limit if limit is not None else None
        shown = self._show_progress if show_progress is None else show_progress
        pause = FIRST_PAUSE
        with ProgressBar("offline query", shown) as bar:
            while True:
                job = self._status(ignore_errors)
                if job.get("is_finished"):
                    break
                if deadline is not None and time.monotonic() >= deadline:
                    raise TimeoutError(f"The offline query {self.revision_id} is still running after {limit:g} s.")
                self._show(bar)
                time.sleep(pause)
                pause = min(pause * 1.2, LONGEST_PAUSE)
        self._urls = list(job.get("urls") or [])
        self._finish(errors_from_json(job.get("errors")))

    def _status(self, ignore_errors: bool, query_inputs: bool = False) -> dict[str, Any]:
        body = {
            "job_id": self.revision_id,
            "dataset_id": None,
            "dataset_name": None,
            "ignore_errors": ignore_errors,
            "skip_failed_shards": False,
            "query_inputs": query_inputs,
        }
        return self._transport.json("POST", "/v4/offline_query/status", json=body)

    def _show(self, bar: ProgressBar) -> None:
        if not bar.show:
            return
        answer = self._transport.json("GET", f"/v4/offline_query/{self.revision_id}/status")
        report = answer.get("report") or {}
        progress = report.get("progress") or {}
        bar.update(progress.get("computed") or 0, progress.get("total"))

    def _finish(self, errors: list[CretaError]) -> None:
        """Takes over the final state of the revision."""
        if not self.is_finished or self.revision.status != "successful":
            self._adopt(self._transport.json("GET", f"/v4/offline_query/{self.revision_id}"))
        self.is_finished = True
        known = {(error.code, error.message, error.feature) for error in self.errors}
        self.errors += [error for error in errors if (error.code, error.message, error.feature) not in known]

    def _complete(self, ignore_errors: bool) -> None:
        """Waits for the end; raises CretaException when there were errors, unless they are ignored."""
        self._poll(None, None, ignore_errors)
        errors = self.errors or self.revision.errors
        if errors and not ignore_errors:
            raise CretaException(f"The offline query {self.revision_id} has errors.", errors)

    def to_arrow(
        self, *, output_ts: bool | str = False, output_id: bool | str = False, ignore_errors: bool = False
    ) -> pyarrow.Table:
        """The data: one column per output, named by its fully qualified name.

        `output_ts` and `output_id` add the query time and the primary key, as `__ts__` and `__id__` or under the name
        given. Raises CretaException when the query had errors, unless `ignore_errors`.
        """
        self._complete(ignore_errors)
        if self._table is None:
            self._table = self._download()
        return _select(self._table, self.revision.outputs, output_ts, output_id)

    def to_pandas(self, **options: Any) -> Any:
        """The data as a pandas DataFrame; the arguments are those of `to_arrow`."""
        return self.to_arrow(**options).to_pandas()

    def to_polars(self, **options: Any) -> Any:
        """The data as a polars DataFrame; the arguments are those of `to_arrow`."""
        import polars

        return polars.from_arrow(self.to_arrow(**options))

    def to_polars_lazyframe(
        self, *, output_ts: bool | str = False, output_id: bool | str = False, ignore_errors: bool = False
    ) -> Any:
        """The data as a polars LazyFrame, which reads of the result files only what is asked of it."""
        import polars

        self._complete(ignore_errors)
        frame = polars.scan_parquet(self.download_uris())
        wanted = _wanted(frame.collect_schema().names(), self.revision.outputs, output_ts, output_id)
        return frame.select(polars.col(column).alias(name) for column, name in wanted.items())

    def get_input_dataframe(self) -> Any:
        """The rows that were asked for, with their times in `__ts__`, as a pandas DataFrame."""
        job = self._status(ignore_errors=True, query_inputs=True)
        while not job.get("is_finished"):
            time.sleep(LONGEST_PAUSE)
            job = self._status(ignore_errors=True, query_inputs=True)
        tables = [pyarrow.parquet.read_table(io.BytesIO(content)) for content in self._contents(job.get("urls") or [])]
        if not tables:
            raise CretaException("The inputs of this revision were not kept.", self.errors, code="not_found")
        return pyarrow.concat_tables(tables).drop_columns(["__index__"]).to_pandas()

    def summary(self, *, ignore_errors: bool = False) -> list[ColumnSummary]:
        """Per output: its type, and how many rows, nulls and distinct values it has, its extremes and its mean."""
        return summarise(self.to_arrow(ignore_errors=ignore_errors))

    def preview(self, rows: int = 10, *, ignore_errors: bool = False) -> Any:
        """The first rows as a pandas DataFrame, with their times and keys; reads no more files than it must."""
        self._complete(ignore_errors)
        frame = self.to_polars_lazyframe(output_ts=True, output_id=True, ignore_errors=ignore_errors)
        return frame.head(rows).collect().to_arrow().to_pandas()

    def recompute(self, features: Any, *, show_progress: bool | None = None, **options: Any) -> "Dataset":
        """Computes some features anew, from the newest revision's other outputs as inputs; a new revision.

        The new Dataset has the same name and all revisions. `options` are those of the wire, such as `num_shards`.
        """
        self._poll(None, show_progress, ignore_errors=True)
        body = recompute_request(self.revision_id, features, self.dataset_name, options)
        return Dataset(self._transport, self._transport.json("POST", "/v4/offline_query", json=body), show_progress)

    def ingest(self, *, store_online: bool = False, store_offline: bool = True) -> int:
        """Stores the newest revision's values as observations at their rows' times; returns how many rows were.

        Nulls are left out, as they may stand for values that nobody found.
        """
        self._complete(ignore_errors=False)
        body = {"store_online": store_online, "store_offline": store_offline}
        path = f"/v1/datasets/revisions/{self.revision_id}/ingest"
        return int(self._transport.json("POST", path, json=body)["rows"])

    def set_metadata(self, metadata: "Mapping[str, str]") -> None:
        """Notes text by name about the newest revision; what is noted under other names stays."""
        path = f"/v1/datasets/revisions/{self.revision_id}/metadata"
        self._adopt(self._transport.json("PUT", path, json=dict(metadata)))

    def cancel(self) -> bool:
        """Cancels the newest revision; False when it is not running any more."""
        return bool(self._transport.json("DELETE", f"/v4/offline_query/{self.revision_id}")["cancelled"])

    def download_uris(self) -> list[str]:
        """The URLs of the result files; each carries its own secret and ends with it."""
        self._poll(None, None, ignore_errors=True)
        return list(self._urls or [])

    def download_data(self, folder: str) -> list[str]:
        """Writes the result's Parquet files into `folder` and returns their paths."""
        os.makedirs(folder, exist_ok=True)
        paths = []
        for position, url in enumerate(self.download_uris()):
            path = os.path.join(folder, f"part-{position}.parquet")
            with open(path, "wb") as file, ProgressBar("download", self._show_progress) as bar:
                self._transport.stream_to(url, file.write, bar.update)
            paths.append(path)
        return paths

    def _download(self) -> pyarrow.Table:
        tables = [pyarrow.parquet.read_table(io.BytesIO(content)) for content in self._files()]
        if not tables:
            return pyarrow.table({name: pyarrow.nulls(0) for name in self.revision.outputs})
        return pyarrow.concat_tables(tables) if len(tables) > 1 else tables[0]

    def _files(self) -> "Iterator[bytes]":
        return self._contents(self.download_uris())

    def _contents(self, urls: list[str]) -> "Iterator[bytes]":
        with ProgressBar("download", self._show_progress) as bar:
            for url in urls:
                buffer = io.BytesIO()
                self._transport.stream_to(url, buffer.write, bar.update)
                yield buffer.getvalue()


def _select(table: pyarrow.Table, outputs: list[str], output_ts: bool | str, output_id: bool | str) -> pyarrow.Table:
    wanted = _wanted(table.column_names, outputs, output_ts, output_id)
    return table.select(list(wanted)).rename_columns(list(wanted.values()))


def _wanted(columns: list[str], outputs: list[str], output_ts: bool | str, output_id: bool | str) -> dict[str, str]:
    """The columns to show and their names, in order."""
    wanted = {name: name for name in outputs if name in columns}
    if not outputs:
        wanted = {name: name for name in columns if not name.startswith("__")}
    for asked, column in ((output_id, KEY_COLUMN), (output_ts, TIME_COLUMN)):
        if asked:
            if column not in columns:
                raise CretaException(f"The result has no column {column}.")
            wanted[column] = asked if isinstance(asked, str) else column
    return wanted
