"""Steps three to five of the demo: the training set, the proof that it saw no future, and a model that uses it."""

import random
import time
from collections.abc import Sequence

import pandas as pd
from creta import CretaClient

from features import Flight
from queries import delay_model
from walkthrough import leak_check
from walkthrough.model import NEEDED_GAIN, evaluate
from walkthrough.screen import DemoFailed, console, passed, say, table
from walkthrough.spine import SEED, Question

CHECKED_FLIGHTS = 500


def training_set(client: CretaClient, questions: Sequence[Question]) -> pd.DataFrame:
    """The named query's features for every question as of its own time, computed anew from the sources."""
    started = time.perf_counter()
    dataset = client.offline_query(
        input={Flight.id: [question.flight for question in questions]},
        input_times=[question.now for question in questions],
        output=[Flight.id, *delay_model.output],
        recompute_features=True,
        dataset_name="delay_training",
        show_progress=True,
    )
    frame = dataset.to_pandas()
    seconds = time.perf_counter() - started
    if frame[str(Flight.id)].tolist() != [question.flight for question in questions]:
        raise DemoFailed("The training set does not have the rows of the question in their order.")
    passed(
        f"[bold]{len(frame):,}[/bold] rows × {len(delay_model.output)} features in [bold]{seconds:.1f} s[/bold], "
        f"{len(frame) / seconds:,.0f} rows/s"
    )
    return frame


def no_leak(frame: pd.DataFrame, questions: Sequence[Question]) -> None:
    """Compares sampled rows with the loop over the CSV files, and with its mistaken twin."""
    rows = sorted(random.Random(SEED).sample(range(len(questions)), CHECKED_FLIGHTS))
    spine = [(questions[row].flight, questions[row].now) for row in rows]
    sampled = frame.iloc[rows]
    found = {feature: _plain(sampled[feature]) for feature in leak_check.CHECKED}
    with console.status("reading the CSV files and counting by hand …"):
        data = leak_check.read_legs(), leak_check.read_reports()
        honest = leak_check.compare(leak_check.honest_loop(*data), spine, found)
        twin = leak_check.compare(leak_check.mistaken_twin(*data), spine, found)
    table(
        f"{CHECKED_FLIGHTS} sampled flights against loops over the CSV files",
        ("loop", "values", "that differ", "flights that differ"),
        [
            (name, f"{verdict.compared:,}", f"{len(verdict.differences):,}", f"{verdict.disagreeing_flights:,}")
            for name, verdict in (("actual times", honest), ("twin: scheduled times", twin))
        ],
        right=("values", "that differ", "flights that differ"),
    )
    if honest.differences:
        raise DemoFailed("The training set differs from the loop:\n" + "\n".join(honest.differences[:10]))
    if twin.agreeing_features:
        raise DemoFailed(f"The leak check is void: seeing the future changes nothing in {twin.agreeing_features}.")
    passed("every value is what was known at its moment; a loop that peeks ahead is found out")
    console.print(f"  for example: {twin.differences[0]}", style="dim", markup=False)


def model(frame: pd.DataFrame, questions: Sequence[Question]) -> None:
    """Trains and tests; fails if the features are worth too little."""
    with console.status("training …"):
        score = evaluate(frame[[str(output) for output in delay_model.output]], questions)
    table(
        f"Which flights will leave 15 or more minutes late? ({score.late_share:.0%} of all)",
        ("model", "AUC, October to December"),
        [
            ("how often the airline is late", f"{score.baseline:.3f}"),
            (f"gradient boosting on {len(delay_model.output)} features", f"{score.model:.3f}"),
            ("gain", f"{score.gain:+.3f}"),
        ],
        right=("AUC, October to December",),
    )
    say(f"trained on {score.training_rows:,} flights of January to September, tested on {score.test_rows:,}")
    if score.gain < NEEDED_GAIN:
        raise DemoFailed(f"The model gains {score.gain:.3f} over the baseline; at least {NEEDED_GAIN} was expected.")
    passed(f"the gain is above {NEEDED_GAIN}")


def _plain(column: pd.Series) -> list[float | int | None]:
    return [None if pd.isna(value) else value for value in column.tolist()]
