"""The two questions, and how every contestant is asked: `python contestant.py QUESTION OBSERVATIONS SPINE ANSWER`.

A contestant writes one row per row of the spine to a Parquet file: `question` (which row), then the columns below. It
prints one JSON object, with the seconds from the question to the file. Starting Python and a server is not counted.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

# Name of a window in columns → hours.
WINDOWS = {"1h": 1, "1d": 24, "7d": 168, "30d": 720}
FUNCTIONS = ("count", "total", "top", "mean")
COLUMNS = {
    "join": ["amount", "balance"],
    "windows": [f"{function}_{window}" for function in FUNCTIONS for window in WINDOWS],
}
MEMORY = 1 << 30


@dataclass(frozen=True)
class Asked:
    question: str
    observations: str
    spine: str
    answer: str


def answer(answering: Callable[[Asked], Callable[[], None] | None]) -> None:
    """Times a contestant's answer to the question of the command line.

    One that keeps its Parquet file elsewhere returns what copies it to where it is compared; that is not timed.
    """
    asked = Asked(*sys.argv[1:5])
    begun = time.perf_counter()
    copy = answering(asked)
    print(json.dumps({"seconds": time.perf_counter() - begun}), flush=True)
    if copy:
        copy()
