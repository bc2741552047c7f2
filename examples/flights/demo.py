"""The main job of Creta on real data: features in Python, one flight live, a training set that saw no future.

Run it with `make demo`. It starts a server of its own, ends by itself, and leaves nothing running.
"""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from walkthrough import server, spine
from walkthrough.dataset import DatasetError
from walkthrough.operations_database import PATH, UnexpectedData, ensure
from walkthrough.screen import DemoFailed, console, passed, say, step, title

if TYPE_CHECKING:
    from creta.client import CretaClient

PROJECT = Path(__file__).resolve().parent

BULK_ROWS = 1_000
TRAINING_ROWS = 50_000

HINTS = """
Keep playing. In one terminal, from the root of the repository:

  [bold]. {environment}/bin/activate && cd examples/flights && {creta} up[/bold]

in another, from examples/flights, and again after every change of features.py, resolvers.py or sql/:

  [bold]. {environment}/bin/activate && {creta} apply[/bold]
  [bold]{creta} query --in flight.id=2013-10-10/UA/475/EWR --out flight.carrier.mean_delay \\
      --now 2013-10-10T23:06:00Z[/bold]

examples/flights/README.md walks through the project.
"""


def main() -> int:
    started = time.monotonic()
    title(
        "Creta · flights out of New York, 2013",
        "Two hours before a flight is scheduled to leave: will it be late?\n"
        "Features are defined once in Python, asked live for one flight, and replayed for 50,000 past ones.",
    )
    try:
        server.binary()
        prepare()
        walk()
    except (DemoFailed, DatasetError, UnexpectedData) as failure:
        console.print("\n[bold red]The demo failed.[/bold red]")
        console.print(str(failure), markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130
    keep_playing(time.monotonic() - started)
    return 0


def prepare() -> None:
    """Writes the airline's database on the first run."""
    with console.status("writing the airline's operational database (once) …"):
        counts, _written = ensure()
    say(
        f"{counts.flights:,} flights, {counts.cancelled:,} of them cancelled; {counts.weather:,} hours of weather; "
        f"{counts.planes:,} planes, {counts.unknown_tail_numbers} tail numbers without one; "
        f"{counts.unknown_destinations} destinations without an airport"
    )


def walk() -> None:
    """The five steps, on a server that lives as long as they do."""
    # Slow to import, so only when the screen shows something already.
    from creta.client import CretaClient, CretaException

    step(1, "Start a server and apply the project")
    with server.running(PROJECT) as creta:
        passed(f"creta serves at {creta.url} after {creta.seconds_to_start:.1f} s")
        server.apply(PROJECT, creta)
        try:
            ask(CretaClient())
        except CretaException as error:
            raise DemoFailed(str(error)) from error


def ask(client: "CretaClient") -> None:
    """Steps two to five."""
    from walkthrough import questions, training

    asked = spine.choose(PATH, TRAINING_ROWS)

    step(2, "Ask live")
    questions.one_flight(client)
    questions.three_moments(client)
    questions.many_flights(client, asked[:: TRAINING_ROWS // BULK_ROWS])
    questions.explain(client)

    step(3, f"A training set: {TRAINING_ROWS:,} flights, each as of two hours before its departure")
    frame = training.training_set(client, asked)

    step(4, "Did it see the future?")
    training.no_leak(frame, asked)

    step(5, "Is it worth anything?")
    training.model(frame, asked)


def keep_playing(seconds: float) -> None:
    """What a person can do next."""
    console.print()
    console.rule(f"[bold green]done in {seconds:.0f} s[/bold green]; the server is stopped", style="green")
    console.print(HINTS.format(environment=sys.prefix, creta=server.binary()), soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
