"""The training set of the flights example, timed: point-in-time features for flights of 2013, from a cold server."""

import subprocess
import sys
import time
from dataclasses import dataclass

import processes
from failure import BenchFailed
from paths import FLIGHTS
from service import Service, serving


@dataclass(frozen=True)
class Training:
    """One offline query: rows, columns, seconds until the client has them, and the server's processor time."""

    rows: int
    features: int
    seconds: float
    server_seconds: float
    children_seconds: float


def prepare() -> None:
    """Writes the example's database on the first run."""
    script = FLIGHTS / "prepare.py"
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise BenchFailed(f"{script} ended with status {ended.returncode}:\n{ended.stdout}{ended.stderr}")


def run(rows: int) -> Training:
    """Starts a server of its own, so that the online load leaves no trace in the figure."""
    prepare()
    with serving(FLIGHTS) as service:
        return _ask(service, rows)


def _ask(service: Service, rows: int) -> Training:
    # Modules of the example, found on the path that `paths` extends.
    from queries import delay_model
    from walkthrough import spine
    from walkthrough.operations_database import PATH

    questions = spine.choose(PATH, rows)
    keys = [question.flight for question in questions]
    output = ["flight.id", *(str(feature) for feature in delay_model.output)]
    before = processes.processor_time(service.process)
    started = time.perf_counter()
    dataset = service.client.offline_query(
        input={"flight.id": keys},
        input_times=[question.now for question in questions],
        output=output,
        recompute_features=True,
        show_progress=False,
    )
    frame = dataset.to_pandas()
    seconds = time.perf_counter() - started
    spent = processes.processor_time(service.process).since(before)
    _check(frame, keys, output)
    return Training(len(frame), len(output) - 1, seconds, spent.own, spent.children)


def _check(frame, keys: list[str], output: list[str]) -> None:
    """`make demo` proves every value; here it is enough that the rows and columns are there and hold something."""
    if frame["flight.id"].tolist() != keys:
        raise BenchFailed("The training set does not have the rows of the question in their order.")
    empty = [name for name in output if name not in frame or frame[name].isna().all()]
    if empty:
        raise BenchFailed(f"The training set has no value at all in: {', '.join(empty)}")
