"""Step two of the demo: one flight live, the same flight at three moments, a thousand flights at once, the plan."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from creta import CretaClient

from features import Flight
from queries import delay_model
from walkthrough.screen import DemoFailed, age, console, name, passed, say, table, value
from walkthrough.spine import AHEAD, Question

# Newark to Houston on an October evening, with an aircraft that was late all day.
FLIGHT = "2013-10-10/UA/475/EWR"
SCHEDULED = datetime(2013, 10, 11, 1, 6, tzinfo=UTC)
LEFT_LATE, LEFT = 82, SCHEDULED + timedelta(minutes=82)
ARRIVED_LATE, ARRIVED = 55, datetime(2013, 10, 11, 5, 49, tzinfo=UTC)


def one_flight(client: CretaClient) -> None:
    """All inputs of the model for one flight, with where each comes from."""
    now = SCHEDULED - AHEAD
    # The first query of a shape plans it and starts what it needs; the second is what an application sees.
    ask = {"input": {Flight.id: FLIGHT}, "query_name": delay_model.name, "now": now, "include_meta": True}
    client.query(**ask)
    started = time.perf_counter()
    result = client.query(**ask)
    milliseconds = (time.perf_counter() - started) * 1000
    _refuse_errors(result.errors)
    rows = [
        (
            name(answer.field),
            value(answer.value),
            (answer.meta.chosen_resolver_fqn if answer.meta else None) or "—",
            age(now - answer.ts) if answer.ts else "—",
        )
        for answer in result.data
    ]
    table(f"{FLIGHT} at {now:%Y-%m-%d %H:%M}Z", ("feature", "value", "source", "age"), rows, right=("value", "age"))
    say(f"[bold]{len(rows)}[/bold] features in [bold]{milliseconds:.1f} ms[/bold], round trip over HTTP")


def three_moments(client: CretaClient) -> None:
    """What is known about a flight depends on when one asks."""
    moments = {
        "two hours before": SCHEDULED - AHEAD,
        "just left": LEFT,
        "just arrived": ARRIVED,
    }
    outputs = [
        Flight.departure.delay_minutes,
        Flight.arrival.delay_minutes,
        Flight.carrier.mean_delay["1h"],
        Flight.aircraft_delay["1d"],
    ]
    columns = []
    for now in moments.values():
        result = client.query(input={Flight.id: FLIGHT}, output=outputs, now=now)
        _refuse_errors(result.errors)
        columns.append([result.get_feature_value(output) for output in outputs])
    rows = [(name(output), *(value(column[row]) for column in columns)) for row, output in enumerate(outputs)]
    table("The same flight at three moments", ("feature", *moments), rows, right=tuple(moments))
    if columns[0][0] is not None or columns[0][1] is not None:
        raise DemoFailed("A flight that has not left has a departure or an arrival.")
    if (columns[1][0], columns[1][1], columns[2][1]) != (LEFT_LATE, None, ARRIVED_LATE):
        raise DemoFailed("The departure or the arrival is not known at its instant.")
    passed("departure and arrival are known from their own instants on, not before")


def many_flights(client: CretaClient, questions: Sequence[Question]) -> None:
    """The named query for many flights in one request, each at its own time."""
    started = time.perf_counter()
    result = client.query_bulk(
        input={Flight.id: [question.flight for question in questions]},
        now=[question.now for question in questions],
        query_name=delay_model.name,
    )
    seconds = time.perf_counter() - started
    _refuse_errors(result.errors)
    rows = result.to_arrow().num_rows
    if rows != len(questions):
        raise DemoFailed(f"Asked about {len(questions)} flights, answered about {rows}.")
    passed(
        f"[bold]{rows:,}[/bold] flights, each at its own time, in one request: [bold]{seconds:.2f} s[/bold], "
        f"{rows / seconds:,.0f} rows/s"
    )


def explain(client: CretaClient) -> None:
    """The plan behind the answers."""
    answer = client.explain(input={Flight.id: FLIGHT}, query_name=delay_model.name)
    console.print()
    console.print("[bold]The plan of the named query[/bold]")
    console.print(answer["text"], markup=False, style="dim")


def _refuse_errors(errors: Sequence[object] | None) -> None:
    if errors:
        raise DemoFailed("The query has errors:\n" + "\n".join(str(error) for error in errors[:5]))
