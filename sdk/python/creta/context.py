"""`CretaContext`: what the caller of a query handed down in `query_context`."""

from contextvars import ContextVar
from typing import Any

_current: ContextVar[dict[str, Any]] = ContextVar("creta_query_context")


class CretaContext:
    """Read inside of a resolver; empty everywhere else."""

    @staticmethod
    def get(key: str, default: Any = None) -> Any:
        """One entry of the query's context."""
        return _current.get({}).get(key, default)


def set_context(values: dict[str, Any]) -> None:
    """Called by the worker before each call."""
    _current.set(values)


ChalkContext = CretaContext
