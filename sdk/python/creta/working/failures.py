"""Errors of user code as the protocol reports them."""

import os
import traceback
from types import TracebackType
from typing import Any

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class WrongValue(TypeError):
    """A resolver returned a value that does not have its feature's type; the server knows this name."""


def failure(error: BaseException, root: str, row: int | None = None) -> dict[str, Any]:
    """An exception with its stack trace from the user's first frame on, and the innermost line of the project."""
    trace = _users_part(error.__traceback__)
    file, line = _innermost(trace, root)
    return {
        "row": row,
        "kind": type(error).__name__,
        "message": _message(error),
        "stacktrace": "".join(traceback.format_exception(type(error), error, trace)),
        "file": file,
        "line": line,
    }


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(the exception cannot be shown as text)"


def _users_part(trace: TracebackType | None) -> TracebackType | None:
    """Skips our own frames at the outside; keeps everything when there is nothing else."""
    inner = trace
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(PACKAGE + os.sep):
        inner = inner.tb_next
    return inner if inner is not None else trace


def _innermost(trace: TracebackType | None, root: str) -> tuple[str | None, int | None]:
    file, line = None, None
    while trace is not None:
        name = os.path.realpath(trace.tb_frame.f_code.co_filename)
        if name.startswith(root + os.sep):
            file, line = os.path.relpath(name, root).replace(os.sep, "/"), trace.tb_lineno
        trace = trace.tb_next
    return file, line
