"""Chooses the flights that the demo asks about, and reads the label from the raw table.

The label, "left 15 or more minutes late", is the future that the model shall foresee. It comes straight from the
operational database and is no feature of the project.
"""

import random
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from walkthrough.true_time import parse

LATE_MINUTES = 15
AHEAD = timedelta(hours=2)
SEED = 2013

# The first week has no full week before it.
FIRST_DAY = "2013-01-08"


@dataclass(frozen=True)
class Question:
    """One flight, the moment at which the model is asked about it, and the answer that only the future knows."""

    flight: str
    now: datetime
    carrier: str
    month: int
    late: bool


def choose(database: Path, count: int) -> list[Question]:
    """`count` flights that left, in order of time: the same ones on every run."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "select flight_key, scheduled_departure, f.carrier, local_date, delay_minutes"
            " from flights f join departures using (flight_key) where local_date >= ?"
            " order by scheduled_departure, flight_key",
            (FIRST_DAY,),
        ).fetchall()
    chosen = sorted(random.Random(SEED).sample(range(len(rows)), count))
    return [_question(*rows[index]) for index in chosen]


def _question(key: str, departure: str, carrier: str, local_date: str, delay: int) -> Question:
    return Question(key, parse(departure) - AHEAD, carrier, int(local_date[5:7]), delay >= LATE_MINUTES)
