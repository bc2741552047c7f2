"""What was measured, as results.json for programs and RESULTS.md for people."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

TITLES = {"join": "Point-in-time join", "windows": "Sixteen window aggregates"}
METHOD = """\
`make bench-offline` writes this file; `bench/offline/questions.py` says what is asked and `contestants/` how. The \
observations are a Parquet file in the order of time, the spine is another; each contestant writes its answer to a \
Parquet file, and that is timed: for Creta from the call of the SDK, upload of the spine included, until the dataset is \
complete. Starting processes is not timed. Memory is the resident peak of the largest process; the limit of 1 GiB holds for all \
processes of a contestant together, and what says \"without limit\" was killed under it. Cells are compared with DuckDB's.
"""


def machine() -> dict[str, str]:
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    names = (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
             if line.startswith("model name"))  # fmt: skip
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit.stdout.strip(),
        "processor": next(names, "unknown"),
        "cores": str(os.cpu_count()),
    }


def write(results: dict[str, Any], folder: Path) -> None:
    (folder / "results.json").write_text(json.dumps(results, indent=2, default=str) + "\n", encoding="utf-8")
    (folder / "RESULTS.md").write_text(_markdown(results), encoding="utf-8")


def _markdown(results: dict[str, Any]) -> str:
    sizes = results["sizes"]
    lines = ["# Training sets beside other tools", "", METHOD]
    lines.append(", ".join(f"{name} {value}" for name, value in results["machine"].items()) + ".")
    for question, title in TITLES.items():
        rows = [row for row in results["rows"] if row["question"] == question]
        first = next((row["seconds"] for row in rows if row["name"] == "DuckDB" and "seconds" in row), None)
        lines += ["", f"## {title}: {sizes['observations']:,} observations, {sizes['spine']:,} rows", "",
                  "| | seconds | beside DuckDB | processor seconds | peak MiB | 1 GiB | cells that differ |",
                  "|---|---|---|---|---|---|---|"]  # fmt: skip
        lines += [_line(row, first) for row in rows]
    return "\n".join(lines) + "\n"


def _line(row: dict[str, Any], first: float | None) -> str:
    if "seconds" not in row:
        return f"| {row['name']} | failed: {' '.join(row['failure'].split())[-160:]} | | | | | |"
    beside = f"{row['seconds'] / first:.2f}" if first else ""
    limit = "within" if row["within_limit"] else "without limit"
    differ = f"{row['differ']:,} of {row['cells']:,}" + (f" ({row['example']})" if row["example"] else "")
    return (f"| {row['name']} | {row['seconds']:.2f} | {beside} | {row['processor_seconds']:.1f} | "
            f"{row['peak_bytes'] / 2**20:.0f} | {limit} | {differ} |")  # fmt: skip
