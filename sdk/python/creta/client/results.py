"""Answers of online queries."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow

from creta.client.errors import CretaError, CretaException, errors_from_json
from creta.client.framing import RawBulkResult
from creta.client.names import feature_name, from_json


@dataclass(frozen=True)
class FeatureMeta:
    """How a value came about (with `include_meta=True`)."""

    chosen_resolver_fqn: str
    cache_hit: bool
    primitive_type: str | None = None
    version: int = 1


@dataclass(frozen=True)
class FeatureResult:
    """One output. `ts` is when the value was observed; `valid` is False when there is none or it failed its checks."""

    field: str
    value: Any
    pkey: Any = None
    ts: datetime | None = None
    valid: bool | None = None
    error: CretaError | None = None
    meta: FeatureMeta | None = None


@dataclass(frozen=True)
class QueryMeta:
    """Facts about the query as a whole; `execution_duration_s` is the server's time in seconds."""

    execution_duration_s: float
    query_id: str | None = None
    deployment_id: str | None = None
    environment_id: str | None = None
    environment_name: str | None = None
    query_timestamp: datetime | None = None
    query_hash: str | None = None
    explain_output: str | None = None
    # What the server says beyond these, such as warnings.
    extra: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: dict[str, Any] | None) -> "QueryMeta | None":
        if body is None:
            return None
        known = {name: body.get(name) for name in cls.__dataclass_fields__ if name != "extra"}
        known["query_timestamp"] = _time(known["query_timestamp"])
        known["execution_duration_s"] = float(known["execution_duration_s"] or 0.0)
        return cls(**known, extra={name: value for name, value in body.items() if name not in known})


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@dataclass(frozen=True)
class QueryResult:
    """The answer of `query`. Outputs that failed are null in `data` and named in `errors`; the others stand."""

    data: list[FeatureResult]
    errors: list[CretaError]
    meta: QueryMeta | None

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "QueryResult":
        results = [_feature_result(item) for item in body.get("data") or []]
        return cls(results, errors_from_json(body.get("errors")), QueryMeta.from_json(body.get("meta")))

    def get_feature(self, feature: Any) -> FeatureResult | None:
        """One output by feature or fully qualified name; None when it was not asked for."""
        name = feature_name(feature)
        return next((result for result in self.data if result.field == name), None)

    def get_feature_value(self, feature: Any) -> Any:
        """The value of one output; None also when it failed or was not asked for."""
        found = self.get_feature(feature)
        return found.value if found is not None else None

    def to_dict(self) -> dict[str, Any]:
        """Values by fully qualified name."""
        return {result.field: result.value for result in self.data}

    def raise_for_errors(self) -> "QueryResult":
        """This result, or CretaException when it has errors."""
        if self.errors:
            raise CretaException(f"The query has {len(self.errors)} errors.", self.errors, 200, self.errors[0].letter)
        return self


def _feature_result(item: dict[str, Any]) -> FeatureResult:
    meta, error = item.get("meta"), item.get("error")
    return FeatureResult(
        field=item["field"],
        value=from_json(item.get("value"), item["field"]),
        pkey=item.get("pkey"),
        ts=_time(item.get("ts")),
        valid=item.get("valid"),
        error=CretaError.from_json(error) if error else None,
        meta=FeatureMeta(
            meta.get("chosen_resolver_fqn", ""),
            bool(meta.get("cache_hit")),
            meta.get("primitive_type"),
            meta.get("version") or 1,
        )
        if meta
        else None,
    )


@dataclass(frozen=True)
class BulkResult:
    """The answer of `query_bulk`: one row per input row, in the same order, and a table per has-many output."""

    scalars: pyarrow.Table
    groups: dict[str, pyarrow.Table]
    errors: list[CretaError]
    meta: QueryMeta | None

    @classmethod
    def from_raw(cls, raw: RawBulkResult) -> "BulkResult":
        scalars = raw.scalars if raw.scalars is not None else pyarrow.table({})
        return cls(scalars, raw.groups, errors_from_json(raw.errors), QueryMeta.from_json(raw.meta))

    def to_arrow(self) -> pyarrow.Table:
        """One row per input row."""
        return self.scalars

    def to_pandas(self) -> Any:
        """One row per input row, as a pandas DataFrame."""
        return self.scalars.to_pandas()

    def to_polars(self) -> Any:
        """One row per input row, as a polars DataFrame."""
        import polars

        return polars.from_arrow(self.scalars)

    @property
    def scalars_df(self) -> Any:
        """The same as `to_pandas()`."""
        return self.to_pandas()

    @property
    def groups_dfs(self) -> dict[str, Any]:
        """The has-many outputs as pandas DataFrames."""
        return {name: table.to_pandas() for name, table in self.groups.items()}

    def raise_for_errors(self) -> "BulkResult":
        """This result, or CretaException when it has errors."""
        if self.errors:
            raise CretaException(f"The query has {len(self.errors)} errors.", self.errors, 200, self.errors[0].letter)
        return self
