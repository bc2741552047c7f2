"""Joda-Time's patterns, after the documentation of `org.joda.time.format.DateTimeFormat` (English, ISO calendar).

Letters: y Y year, x year of the week, w week, M month, d day, D day of the year, e E day of the week, a half of the
day, K h H k hour, m minute, s second, S fraction, Z offset. Text in '…' and everything that is no letter stands for
itself, '' is a quote. Any other letter, an open quote and an empty pattern are refused.
"""

import calendar
import re
from datetime import UTC, datetime, timedelta, timezone

PATTERNS = (
    "yyyy-MM-dd HH:mm:ss", "yy/M/d", "EEE, d MMM yyyy", "EEEE MMMM", "h:mm a", "K k H", "hh KK kk", "SSS",
    "S", "SSSSSS", "D DDD", "e", "xxxx-'W'ww-e", "xx", "Z", "ZZ", "YYYY", "y", "'o''clock' HH", "''", "yyyy.MM",
    "MMMMM", "EE", "yyyyMMddHHmmss", "m s", "", "b", "'open", "ZZZ",
)  # fmt: skip
WRITTEN = {
    "yyyy-MM-dd HH:mm:ss": ("2024-02-29 23:59:59", "0001-01-01 00:00:00", None, "2023-02-29 00:00:00", "2024-2-9 1:2:3",
                            "2024-02-29 24:00:00", "", "2024-02-29 23:59:59 ", "9999-12-31 23:59:59"),
    "dd/MM/yyyy": ("29/02/2024", "01/13/2024", None, "1/1/1970", "29-02-2024", "31/04/2024"),
    "d MMM yyyy": ("29 Feb 2024", "1 jan 1970", None, "1 Foo 1970"),
    "d MMMM yyyy": ("29 February 2024", "1 January 1970", None),
    "yyyy-MM-dd'T'HH:mm:ss.SSSZ": ("2024-02-29T23:59:59.123+0000", "2024-03-10T01:02:03.004+0530", None,
                                   "2024-03-10T01:02:03.004"),
    "yyyy-MM-dd'T'HH:mm:ssZZ": ("2024-02-29T23:59:59-08:00", "2024-02-29T23:59:59+05:30", None),
    "h:mm a": ("12:00 AM", "12:30 PM", None, "1:05 pm", "13:00 PM", "0:30 AM"),
    "yyyyMMdd": ("20240229", "19700101", None, "20241301"),
    "yyyy": ("2024", None, "x"),
    "yyyy-DDD": ("2024-366", "2023-366", None, "2024-001"),
    "'day' d 'of' MM yyyy": ("day 3 of 04 2024", None, "Day 3 of 04 2024"),
    "dd/MM/yy": ("29/02/24", None),
    "yyyy-MM-dd b": ("2024-02-29 x", None),
}  # fmt: skip

MONTHS = [calendar.month_name[month] for month in range(1, 13)]
DAYS = list(calendar.day_name)
LETTERS = "yYxwMdDeEaKhkHmsSZ"


def tokens(pattern: str) -> list[tuple[str, str]]:
    """("text", literal) and ("letter", run of one letter), in order."""
    if not pattern:
        raise ValueError("an empty pattern")
    found = []
    for part in re.finditer(r"''|'((?:[^']|'')*)'|([A-Za-z])\2*|(.)", pattern, re.DOTALL):
        if part[0] == "''":
            found.append(("text", "'"))
        elif part[1] is not None:
            found.append(("text", part[1].replace("''", "'")))
        elif part[2]:
            if part[2] not in LETTERS:
                raise ValueError(f"no such letter: {part[2]}")
            found.append(("letter", part[0]))
        elif part[3] == "'":
            raise ValueError("a quote is open")
        else:
            found.append(("text", part[3]))
    return found


def render(t: datetime, pattern: str) -> str:
    return "".join(value if kind == "text" else field(t, value[0], len(value)) for kind, value in tokens(pattern))


def field(t: datetime, letter: str, count: int) -> str:
    if letter in "yYx":
        year = t.isocalendar().year if letter == "x" else t.year
        return f"{year % 100:02}" if count == 2 else f"{year:0{count}}"
    if letter == "M" and count >= 3:
        return MONTHS[t.month - 1][: None if count > 3 else 3]
    if letter == "E":
        return DAYS[t.weekday()][: None if count > 3 else 3]
    if letter == "a":
        return "AM" if t.hour < 12 else "PM"
    if letter == "S":
        return f"{t.microsecond:06}".ljust(count, "0")[:count]
    if letter == "Z":
        return offset(t, count)
    number = {
        "M": t.month, "w": t.isocalendar().week, "d": t.day, "D": t.timetuple().tm_yday, "e": t.isoweekday(),
        "K": t.hour % 12, "h": (t.hour + 11) % 12 + 1, "k": (t.hour + 23) % 24 + 1, "H": t.hour, "m": t.minute,
        "s": t.second,
    }[letter]  # fmt: skip
    return f"{number:0{count}}"


def offset(t: datetime, count: int) -> str:
    if count > 2:
        raise ValueError("names of zones are not built")
    minutes = (t.utcoffset() or timedelta(0)) // timedelta(minutes=1)
    hours, minutes = divmod(abs(minutes), 60)
    sign = "-" if (t.utcoffset() or timedelta(0)) < timedelta(0) else "+"
    return f"{sign}{hours:02}{':' if count == 2 else ''}{minutes:02}"


def parse(s: str, pattern: str) -> datetime:
    """Numbers take as many digits as there are, up to the letters next to another number; what is absent is 1970."""
    parts = tokens(pattern)
    groups, form = [], ""
    for position, (kind, value) in enumerate(parts):
        if kind == "text":
            form += re.escape(value)
            continue
        follows = parts[position + 1][0] if position + 1 < len(parts) else "text"
        groups.append(value)
        form += f"({expected(value, follows == 'letter')})"
    found = re.fullmatch(form, s, re.ASCII)
    if not found:
        raise ValueError("does not fit the pattern")
    return assembled(dict(zip((value[0] + str(min(len(value), 3)) for value in groups), found.groups(), strict=True)))


def expected(run: str, before_number: bool) -> str:
    letter, count = run[0], len(run)
    if letter == "a":
        return "(?i:[ap]m)"
    if letter == "Z":
        return r"[+-]\d\d:?\d\d"
    if letter == "S":
        return rf"\d{{{count}}}"
    if letter == "M" and count >= 3:
        names = MONTHS if count > 3 else [name[:3] for name in MONTHS]
        return f"(?i:{'|'.join(names)})"
    # What century `yy` means would depend on the day on which it is asked.
    if letter not in "yMdDhHKkms" or run == "yy":
        raise ValueError("cannot be read back")
    most = {"y": 4, "D": 3}.get(letter, 2)
    return rf"\d{{{count}}}" if before_number else rf"\d{{1,{most}}}"


def assembled(read: dict[str, str]) -> datetime:
    number = {key[0]: int(value) for key, value in read.items() if value.isdigit() and key[0] != "S"}
    month = number.get("M", 1)
    for key, value in read.items():
        if key == "M3":
            month = [name[:3].lower() for name in MONTHS].index(value[:3].lower()) + 1
    t = datetime(number.get("y", 1970), month, number.get("d", 1), hour(number, read), number.get("m", 0),
                 number.get("s", 0), tzinfo=UTC)  # fmt: skip
    if "D" in number:
        t = t.replace(month=1, day=1) + timedelta(days=number["D"] - 1)
        if not 1 <= number["D"] <= 365 + calendar.isleap(number.get("y", 1970)):
            raise ValueError("no such day of the year")
    for key, value in read.items():
        if key[0] == "S":
            t = t.replace(microsecond=int(value.ljust(6, "0")[:6]))
        if key[0] == "Z":
            size = timedelta(hours=int(value[1:3]), minutes=int(value[-2:]))
            t = t.replace(tzinfo=timezone(-size if value[0] == "-" else size)).astimezone(UTC)
    return t


def hour(number: dict[str, int], read: dict[str, str]) -> int:
    afternoon = 12 * (read.get("a1", "am").lower() == "pm")
    for letter, low, high, meaning in (
        ("H", 0, 23, lambda n: n), ("k", 1, 24, lambda n: n % 24), ("K", 0, 11, lambda n: n + afternoon),
        ("h", 1, 12, lambda n: n % 12 + afternoon),
    ):  # fmt: skip
        if letter in number:
            if not low <= number[letter] <= high:
                raise ValueError("no such hour")
            return meaning(number[letter])
    return 0
