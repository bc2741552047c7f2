"""What was measured, as a table for the terminal, as results.json for programs and as RESULTS.md for people."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

COLUMNS = (
    "what", "concurrency", "requests/s", "p50 µs", "p99 µs", "p99.9 µs", "max µs", "server CPU µs/request",
    "children CPU µs/request", "generator CPU µs/request", "requests", "errors",
)  # fmt: skip

METHOD = """\
`make bench` writes this file; `bench/online/run.py` says what is done. One online query asks over HTTP JSON for one \
shopper: {outputs_from_store} features from the online store and {outputs_computed} `_` expression that is computed \
anew. Keys are drawn uniformly from {keys:,}; a random half was read once before the first run, and the other half \
never. Log and Python workers run. wrk, in a closed loop on the same machine, looks at the body of every answer: \
anything but a 200 without errors and with a valid value for each output counts as an error. Before and after the \
load, the values of random keys are compared with what was uploaded.

How to read it:

* Load generator and server share the processors. At concurrency 64 the latencies are mostly waiting, in the server \
and in wrk, which also looks at the answers.
* wrk corrects its percentiles for requests that a stalled server kept it from sending; redis-benchmark does not.
* Server CPU is user and system time of the server's process during the run, its background work included, divided by \
requests. Children are the Python workers, which this query does not call; the generator is wrk or redis-benchmark.
* Redis is a floor and not a rival: HMGET of the same {outputs_from_store} values by redis-benchmark, without HTTP, \
JSON, types, freshness, expression or log, with persistence off.
"""


def show(results: dict[str, Any]) -> None:
    # A wide console, so that no column is cut when the output goes to a file.
    console = Console(highlight=False, width=None if Console().is_terminal else 200)
    table = Table(title="online, one entity per request", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "what" else "right")
    for row in _rows(results):
        table.add_row(*row)
    console.print()
    console.print(table)
    for line in _sentences(results):
        console.print(f"* {line}", markup=False)


def write(results: dict[str, Any], folder: Path) -> list[Path]:
    """Writes both files and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    data, text = folder / "results.json", folder / "RESULTS.md"
    data.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    text.write_text(_markdown(results), encoding="utf-8")
    return [data, text]


def wrong_answers(results: dict[str, Any]) -> str:
    """Why the figures do not count, empty if they do."""
    errors = sum(run["errors"] for run in results["online"]["runs"])
    if not errors:
        return ""
    first = next((run["first_wrong"] for run in results["online"]["runs"] if run["first_wrong"]), "no answer at all")
    return f"{errors:,} requests were not answered rightly; the figures do not count. The first: {first}"


def _markdown(results: dict[str, Any]) -> str:
    online = results["online"]
    lines = ["# Online queries and training sets: recorded results", ""]
    if results["options"]["quick"]:
        lines += ["**A run with --quick: it shows that the benchmark works and measures nothing.**", ""]
    if wrong_answers(results):
        lines += ["**Some answers were wrong; these figures do not count.**", ""]
    lines += [METHOD.format(**online, keys=results["options"]["keys"])]
    lines += _markdown_table(("fact", ""), results["facts"].items())
    lines += _markdown_table(COLUMNS, _rows(results))
    lines += [f"* {line}" for line in _sentences(results)]
    return "\n".join(lines) + "\n"


def _markdown_table(columns: Sequence[str], rows: Any) -> list[str]:
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def _rows(results: dict[str, Any]) -> list[list[str]]:
    rows = [_row("Creta online query", run) for run in results["online"]["runs"]]
    return rows + [_row("Redis HMGET (floor)", run) for run in results.get("redis", {}).get("runs", [])]


def _row(what: str, run: dict[str, Any]) -> list[str]:
    latencies = [f"{run[name]:,.0f}" for name in ("p50", "p99", "p999", "largest")]
    processor = [f"{run[f'{who}_microseconds_per_request']:,.1f}" for who in ("server", "children", "generator")]
    counts = [f"{run['requests']:,}", f"{run['errors']:,}"]
    return [what, str(run["concurrency"]), f"{run['requests_per_second']:,.0f}", *latencies, *processor, *counts]


def _sentences(results: dict[str, Any]) -> list[str]:
    online = results["online"]
    unread = ", ".join(f"{run['unread_keys_share_at_start']:.0%}" for run in online["runs"])
    sentences = [
        f"Keys that nobody had read when each run of Creta began (expected): {unread}.",
        f"Upload: {online['upload_rows_per_second']:,.0f} rows/s of {online['outputs_from_store']} features each.",
        f"The server's own time for the first question of the shape: {online['first_question_microseconds']:,.0f} µs; "
        f"for its repeats (median): {online['repeated_question_microseconds']:,.0f} µs.",
        f"The server was ready after {online['seconds_to_start']:.1f} s, ran {online['worker_processes']} processes "
        f"below it, and held {online['resident_megabytes']:,.0f} MB in memory after the load.",
    ]
    training = results.get("training")
    if training:
        sentences.append(
            f"Training set: {training['rows']:,} flights × {training['features']} features, each as of its own time: "
            f"{training['seconds']:.1f} s, {training['rows'] / training['seconds']:,.0f} rows/s; processor time: "
            f"server {training['server_seconds']:.1f} s, Python workers {training['children_seconds']:.1f} s."
        )
    return sentences
