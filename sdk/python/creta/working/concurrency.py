"""The rows of an async resolver: at once on the worker's one loop, boundedly many, each with its timeout."""

import asyncio
from collections.abc import Callable
from typing import Any

from creta.definition.durations import display

# Rows of one call that are awaited at the same time.
IN_FLIGHT = 256
# The worker gives up this much before the server would end the process, so that only the slow rows are lost.
MARGIN_SECONDS = 0.02
MARGIN_SHARE = 0.05


class ResolverTimedOut(TimeoutError):
    """A row of an async resolver took too long; the server knows this name."""


class Failed:
    """What a row raised."""

    def __init__(self, error: BaseException):
        self.error = error


def limit_seconds(timeout: int | None) -> float | None:
    """How long a row may take, of a timeout in microseconds."""
    if timeout is None:
        return None
    seconds = timeout / 1_000_000
    return seconds - min(MARGIN_SECONDS, seconds * MARGIN_SHARE)


async def gather(function: Callable, calls: list[dict[str, Any]], timeout: int | None) -> list[Any]:
    """What each call returned, or Failed; a call that fails or is late does not disturb the others."""
    limit = limit_seconds(timeout)
    deadline = None if limit is None else asyncio.get_running_loop().time() + limit
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def row(arguments: dict[str, Any]) -> Any:
        async with gate:
            return await _attempt(function, arguments, deadline, timeout)

    return await asyncio.gather(*(row(arguments) for arguments in calls))


async def _attempt(function: Callable, arguments: dict[str, Any], deadline: float | None, timeout: int | None) -> Any:
    try:
        async with asyncio.timeout_at(deadline) as clock:
            return await function(**arguments)
    except TimeoutError as error:
        if not clock.expired():
            return Failed(error)
        late = ResolverTimedOut(f"the row took longer than the resolver's timeout of {display(timeout or 0)}")
        return Failed(late.with_traceback(error.__traceback__))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise
    except BaseException as error:
        return Failed(error)
