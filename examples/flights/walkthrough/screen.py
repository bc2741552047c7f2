"""How the demo looks: headings, tables and verdicts on the terminal."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

console = Console(highlight=False)

# The end of a windowed feature's full name: its window in seconds.
WINDOW = re.compile(r"__(\d+)__$")


class DemoFailed(Exception):
    """A step did not show what it has to show; the message says what was expected and what was found."""


def title(text: str, subtitle: str) -> None:
    console.print()
    console.print(Panel(Text(subtitle), title=f"[bold]{text}[/bold]", border_style="cyan", padding=(1, 2)))


def step(number: int, text: str) -> None:
    console.print()
    console.rule(f"[bold cyan]{number}[/bold cyan] · [bold]{text}[/bold]", align="left", style="cyan")


def say(text: str) -> None:
    console.print(f"  {text}")


def passed(text: str) -> None:
    console.print(f"  [bold green]✓[/bold green] {text}")


def table(heading: str, columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> None:
    """A table of text; the columns named in `right` are aligned to the right."""
    drawn = Table(title=heading, title_justify="left", title_style="bold", header_style="dim", border_style="dim")
    for column in columns:
        drawn.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console.print(drawn)


def name(feature: object) -> str:
    """A feature of Flight as one writes it in Python: `flight.delay__3600__` is `delay["1h"]`."""
    return WINDOW.sub(lambda match: f'["{_window(int(match[1]))}"]', str(feature).removeprefix("flight."))


def value(given: object) -> str:
    """A feature's value as a person writes it."""
    if given is None:
        return "—"
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, float):
        return f"{given:,.2f}"
    if isinstance(given, datetime):
        return f"{given:%Y-%m-%d %H:%M}Z"
    return str(given)


def age(of: timedelta) -> str:
    """How old something is, in its largest unit: `2 h`, `35 min`, `now`."""
    seconds = of.total_seconds()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return "now"


def _window(seconds: int) -> str:
    unit, length = ("d", 86_400) if seconds % 86_400 == 0 else ("h", 3_600)
    return f"{seconds // length}{unit}"
