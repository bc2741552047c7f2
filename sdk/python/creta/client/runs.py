"""Runs of resolvers and the cursors of incremental ones, as the server tells them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from creta.client.errors import CretaError, errors_from_json
from creta.client.names import utc

# The server answers a trigger within 300 seconds, whether the run has ended or not.
TRIGGER_TIMEOUT = 330.0


@dataclass(frozen=True)
class ResolverRun:
    """One run of a resolver.

    `status` is "received" while it runs, then "succeeded" or "failed". `rows` were stored; `errors` say why it failed,
    or which values were not stored. `incremental_lower_bound` is the instant from which the statement was read.
    """

    id: str
    status: str
    resolver_fqn: str
    rows: int
    incremental_lower_bound: datetime | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None
    errors: list[CretaError] = field(default_factory=list)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "ResolverRun":
        times = {name: _instant(body.get(name)) for name in ("incremental_lower_bound", "created_at", "finished_at")}
        errors = errors_from_json(body.get("errors"))
        return cls(body["id"], body["status"], body.get("resolver_fqn", ""), body.get("rows", 0), **times, errors=errors)


@dataclass(frozen=True)
class IncrementalCursor:
    """How far an incremental resolver has come; None for what was never reached."""

    resolver_fqn: str
    max_ingested_timestamp: datetime | None = None
    last_execution_timestamp: datetime | None = None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "IncrementalCursor":
        times = {name: _instant(body.get(name)) for name in ("max_ingested_timestamp", "last_execution_timestamp")}
        return cls(body["resolver_fqn"], **times)


def resolver_name(resolver: Any) -> str:
    """The name of a resolver that is given as itself or by its name."""
    return resolver if isinstance(resolver, str) else resolver.name


def cursor_path(resolver: Any) -> str:
    """Where the cursor of a resolver is read, set and dropped."""
    return f"/v1/resolvers/{resolver_name(resolver)}/incremental_progress"


def instant_text(at: datetime | None) -> str | None:
    """An instant as the wire has it; without a zone it is UTC."""
    return None if at is None else utc(at).isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
