"""Durations: what users write (`"1h 30m"`, timedelta, seconds, `"infinity"`) to integer microseconds."""

import re
from datetime import timedelta

SECOND = 1_000_000
INFINITY = 36_500 * 86_400 * SECOND
UNITS = {"w": 604_800 * SECOND, "d": 86_400 * SECOND, "h": 3_600 * SECOND, "m": 60 * SECOND, "s": SECOND, "ms": 1_000}
PART = re.compile(r"\s*(\d+)\s*(ms|[wdhms])")

Duration = str | int | timedelta


def microseconds(duration: Duration) -> int:
    """Integer microseconds of a duration; an int counts seconds. Raises ValueError with the grammar."""
    if isinstance(duration, timedelta):
        return duration // timedelta(microseconds=1)
    if isinstance(duration, int) and not isinstance(duration, bool):
        return duration * SECOND
    if not isinstance(duration, str):
        raise ValueError(f"A duration is a string such as '1h 30m', a timedelta or seconds, not {duration!r}.")
    if duration.strip().lower() in ("infinity", "all"):
        return INFINITY
    return _parse(duration)


def _parse(text: str) -> int:
    negative = text.strip().startswith("-")
    rest = text.strip().lstrip("-")
    total, position = 0, 0
    while position < len(rest):
        part = PART.match(rest, position)
        if part is None:
            break
        total += int(part.group(1)) * UNITS[part.group(2)]
        position = part.end()
    if position == 0 or rest[position:].strip():
        raise ValueError(f"`{text}` is not a duration; write it in parts of w, d, h, m, s and ms, such as '1h 30m'.")
    return -total if negative else total


def display(duration: int) -> str:
    """Microseconds as users write them: `1d`, `1h 30m`, `infinity`."""
    if duration >= INFINITY:
        return "infinity"
    rest, parts = abs(duration), []
    for unit, size in UNITS.items():
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
    return ("-" if duration < 0 else "") + (" ".join(parts) or "0s")


def window_name(feature: str, window: int) -> str:
    """The name of one window of a windowed feature: `spend__86400__`, `spend__all__`, `spend__neg3600__`."""
    if window >= INFINITY:
        return f"{feature}__all__"
    sign = "neg" if window < 0 else ""
    return f"{feature}__{sign}{abs(window) // SECOND}__"
