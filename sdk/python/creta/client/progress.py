"""A progress bar on stderr for whatever takes longer than two seconds."""

import sys
import time
from types import TracebackType
from typing import Any

# Shorter work shows nothing.
PATIENCE = 2.0


class ProgressBar:
    """Use as a context manager and call `update`. `show` None means: when stderr is a terminal."""

    def __init__(self, words: str, show: bool | None = None):
        self.words = words
        self.show = sys.stderr.isatty() if show is None else show
        self._began = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: float = 0, total: float | None = None, words: str | None = None) -> None:
        """Tells how much is done of how much; total None or 0 means that nobody knows yet."""
        if not self.show or (self._bar is None and time.monotonic() - self._began < PATIENCE):
            return
        if self._bar is None:
            self._start()
        self._bar.update(self._task, completed=done, total=total or None, description=words or self.words)

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        words = TextColumn("{task.description}")
        columns = (words, BarColumn(), MofNCompleteColumn(), TaskProgressColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=False)
        self._task = self._bar.add_task(self.words, total=None)
        self._bar.start()
