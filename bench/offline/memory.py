"""A memory limit for a process and all it starts: a control group of the kernel, where we may make one."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


class Group:
    """A control group; `path` is None where none could be made."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def enter(self) -> None:
        """Puts the calling process in."""
        if self.path is not None:
            (self.path / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    def kills(self) -> int:
        """Processes that the kernel ended because the limit was reached."""
        for name in ("memory.events", "memory.oom_control"):
            file = self.path / name if self.path else None
            if file is not None and file.exists():
                counts = dict(line.split() for line in file.read_text(encoding="ascii").splitlines())
                return int(counts.get("oom_kill", 0))
        return 0


@contextmanager
def limited(limit: int | None) -> Iterator[Group]:
    """A group of so many bytes; of None, or where groups cannot be made, one without limit."""
    path = _make(limit) if limit is not None else None
    try:
        yield Group(path)
    finally:
        if path is not None:
            path.rmdir()


def is_possible() -> bool:
    path = _make(1 << 30)
    if path is not None:
        path.rmdir()
    return path is not None


def _make(limit: int) -> Path | None:
    """Version 1 has a folder per controller, version 2 one for all."""
    name = f"creta-bench-{uuid.uuid4().hex[:8]}"
    for root, file in ((ROOT / "memory", "memory.limit_in_bytes"), (ROOT, "memory.max")):
        path = root / name
        try:
            path.mkdir()
            (path / file).write_text(str(limit), encoding="ascii")
        except OSError:
            if path.is_dir():
                path.rmdir()
            continue
        return path
    return None
