"""Processor time of a process and, apart from it, of the processes below it, as Linux counts it in /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class ProcessorTime:
    """User and system time together, in seconds."""

    own: float
    children: float

    def since(self, earlier: "ProcessorTime") -> "ProcessorTime":
        return ProcessorTime(self.own - earlier.own, self.children - earlier.children)


@dataclass(frozen=True)
class _Process:
    parent: int
    ticks: int
    # Of children that have ended and were waited for.
    ended_children_ticks: int


def processor_time(number: int) -> ProcessorTime:
    """Of one process, and of everything it has started: living descendants and ended children."""
    processes = _all()
    own = processes[number]
    below = own.ended_children_ticks
    for descendant in _descendants(number, processes):
        below += processes[descendant].ticks + processes[descendant].ended_children_ticks
    return ProcessorTime(own.ticks / TICKS_PER_SECOND, below / TICKS_PER_SECOND)


def ended_children_seconds() -> float:
    """Of this very process: what programs have spent that it ran and waited for, such as a load generator."""
    times = os.times()
    return times.children_user + times.children_system


def child_count(number: int) -> int:
    return len(_descendants(number, _all()))


def resident_megabytes(number: int) -> float:
    """Memory of the process itself that is in RAM."""
    pages = int(Path(f"/proc/{number}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _all() -> dict[int, _Process]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                found[int(folder.name)] = _read(folder / "stat")
            except (FileNotFoundError, ProcessLookupError):
                continue  # It has ended since the folder was listed.
    return found


def _read(path: Path) -> _Process:
    # The program's name is in parentheses and may hold anything; what counts from it is fixed.
    fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    user, system, ended_user, ended_system = (int(field) for field in fields[11:15])
    return _Process(int(fields[1]), user + system, ended_user + ended_system)


def _descendants(number: int, processes: dict[int, _Process]) -> list[int]:
    found: list[int] = []
    parents = [number]
    while parents:
        parent = parents.pop()
        children = [child for child, process in processes.items() if process.parent == parent]
        found += children
        parents += children
    return found
