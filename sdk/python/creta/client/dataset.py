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
from creta.client.progress import ProgressBar
from creta.client.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUSES = {
    1: "pending", 2: "submitted", 3: "running", 4: "error", 5: "expired", 6: "cancelled", 7: "successful",
}  # fmt: skip
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
TIME_COLUMN, KEY_COLUMN = "__ts__", "__id__"


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
                pause = min(pause * 1.5, LONGEST_PAUSE)
        self._urls = list(job.get("urls") or [])
        self._finish(errors_from_json(job.get("errors")))

    def _status(self, ignore_errors: bool) -> dict[str, Any]:
        body = {
            "job_id": self.revision_id,
            "dataset_id": None,
            "dataset_name": None,
            "ignore_errors": ignore_errors,
            "skip_failed_shards": False,
            "query_inputs": False,
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

    def to_arrow(
        self, *, output_ts: bool | str = False, output_id: bool | str = False, ignore_errors: bool = False
    ) -> pyarrow.Table:
        """The data: one column per output, named by its fully qualified name.

        `output_ts` and `output_id` add the query time and the primary key, as `__ts__` and `__id__` or under the name
        given. Raises CretaException when the query had errors, unless `ignore_errors`.
        """
        self._poll(None, None, ignore_errors)
        errors = self.errors or self.revision.errors
        if errors and not ignore_errors:
            raise CretaException(f"The offline query {self.revision_id} has errors.", errors)
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

    def download_uris(self) -> list[str]:
        """The URLs of the result files; each carries its own secret and ends with it."""
        self._poll(None, None, ignore_errors=True)
        return list(self._urls or [])

    def download_data(self, folder: str) -> list[str]:
        """Writes the result's Parquet files into `folder` and returns their paths."""
        os.makedirs(folder, exist_ok=True)
        paths = []
        for position, content in enumerate(self._files()):
            path = os.path.join(folder, f"part-{position}.parquet")
            with open(path, "wb") as file:
                file.write(content)
            paths.append(path)
        return paths

    def _download(self) -> pyarrow.Table:
        tables = [pyarrow.parquet.read_table(io.BytesIO(content)) for content in self._files()]
        if not tables:
            return pyarrow.table({name: pyarrow.nulls(0) for name in self.revision.outputs})
        return pyarrow.concat_tables(tables) if len(tables) > 1 else tables[0]

    def _files(self) -> "Iterator[bytes]":
        urls = self.download_uris()
        with ProgressBar("download", self._show_progress) as bar:
            for url in urls:
                buffer = io.BytesIO()
                self._transport.stream_to(url, buffer.write, bar.update)
                yield buffer.getvalue()


def _select(table: pyarrow.Table, outputs: list[str], output_ts: bool | str, output_id: bool | str) -> pyarrow.Table:
    wanted = {name: name for name in outputs if name in table.column_names}
    if not outputs:
        wanted = {name: name for name in table.column_names if not name.startswith("__")}
    for asked, column in ((output_id, KEY_COLUMN), (output_ts, TIME_COLUMN)):
        if asked:
            if column not in table.column_names:
                raise CretaException(f"The result has no column {column}.")
            wanted[column] = asked if isinstance(asked, str) else column
    return table.select(list(wanted)).rename_columns(list(wanted.values()))
