"""Point-in-time join and window aggregates beside DuckDB, Polars and Feast: `make bench-offline`.

Every contestant answers in a process of its own, with its children, under one memory limit. One that is killed for it is
asked again without a limit, and the table says so. Answers are compared cell by cell with DuckDB's.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import check
import generate
import memory
import report
from questions import MEMORY

HERE = Path(__file__).resolve().parent
CONTESTANTS = {"DuckDB": "duckdb_sql", "Creta": "creta_server", "Polars": "polars_frames", "Feast": "feast_store"}
QUESTIONS = {"join": list(CONTESTANTS), "windows": ["DuckDB", "Creta", "Polars"]}
MOST_SECONDS = 1_200


@dataclass(frozen=True)
class Attempt:
    seconds: float
    processor_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Place:
    """Files of one run."""

    data: generate.Data
    answers: Path
    peers: Path

    def answer(self, question: str, name: str) -> Path:
        return self.answers / f"{question}-{CONTESTANTS[name]}.parquet"


def main() -> int:
    options = _options()
    data = generate.make(generate.Sizes(options.observations, options.spine), options.data)
    if not memory.is_possible():
        print("No control group can be made here, so nobody has a memory limit.", file=sys.stderr)
    rows = []
    with tempfile.TemporaryDirectory(dir=options.data) as folder:
        place = Place(data, Path(folder), options.peers)
        for question, names in QUESTIONS.items():
            for name in names:
                row = measure(place, question, name, options.repeats)
                rows.append(row)
                print(f"{question:8} {name:8} {row.get('seconds', row.get('failure'))}", flush=True)
    results = {"machine": report.machine(), "sizes": vars(options) | {"data": None, "peers": None}, "rows": rows,
               "limited": memory.is_possible()}  # fmt: skip
    report.write(results, options.output)
    print((options.output / "RESULTS.md").read_text(encoding="utf-8"))
    return 1 if any(row.get("differ") for row in rows if row["name"] == "Creta") else 0


def measure(place: Place, question: str, name: str, repeats: int) -> dict[str, Any]:
    """Medians over the repeats, under the limit if that is possible, and how the answer compares."""
    row: dict[str, Any] = {"question": question, "name": name, "within_limit": True}
    for limit in (MEMORY, None):
        attempts = []
        for _ in range(repeats):
            attempt = ask(place, question, name, limit)
            if isinstance(attempt, str):
                row["failure"] = attempt
                break
            attempts.append(attempt)
        if len(attempts) == repeats:
            row.pop("failure", None)
            row |= {field: statistics.median(asdict(one)[field] for one in attempts) for field in asdict(attempts[0])}
            row["all_seconds"] = [one.seconds for one in attempts]
            break
        if row["failure"] != "killed":
            return row
        if not row["within_limit"]:
            memory_of_machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 30
            row["failure"] = f"killed, also without a limit on {memory_of_machine} GiB"
        row["within_limit"] = False
    if "seconds" in row:
        row |= asdict(check.compare(question, place.answer(question, "DuckDB"), place.answer(question, name)))
    return row


def ask(place: Place, question: str, name: str, limit: int | None) -> Attempt | str:
    """One answer; "killed" when the limit ended it, else what went wrong."""
    script = HERE / "contestants" / f"{CONTESTANTS[name]}.py"
    python = sys.executable if name == "Creta" else str(place.peers / "bin" / "python")
    files = [place.data.observations, place.data.spine, place.answer(question, name)]
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    with memory.limited(limit) as group, tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [python, str(script), question, *map(str, files)], stdout=said, stderr=subprocess.STDOUT,
            env=environment, preexec_fn=group.enter,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
        if group.kills() or process.returncode == -9:
            return "killed"
        if process.returncode:
            return text.strip()[-600:] or f"exit {process.returncode}"
    seconds = next(json.loads(line)["seconds"] for line in text.splitlines() if line.startswith('{"seconds"'))
    return Attempt(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--observations", type=int, default=10_000_000)
    parser.add_argument("--spine", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--data", type=Path, default=HERE / ".data")
    parser.add_argument("--peers", type=Path, required=True, help="virtual environment with duckdb, polars and feast")
    parser.add_argument("--output", type=Path, default=HERE)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
