"""The present: the wall clock, unless `creta.testing.freeze_time` has fixed it."""

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_frozen: ContextVar[datetime | None] = ContextVar("creta_frozen_time", default=None)


def now() -> datetime:
    """The query time that unit tests see, aware and in UTC."""
    return _frozen.get() or datetime.now(UTC)


def frozen() -> datetime | None:
    """The time that was fixed, if any."""
    return _frozen.get()


@contextmanager
def fixed(at: datetime):
    """Fixes the present inside of the block."""
    token = _frozen.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)
