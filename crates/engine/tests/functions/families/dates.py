"""Dates: CPython's datetime, zoneinfo and calendar; Joda's patterns; the holidays of 5 U.S.C. 6103."""

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cases import Column, Constant, case, floats, ints, strs, text, whole
from samples import DATES, TIMES, at

from families import joda

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = ("America/New_York", "Asia/Kathmandu", "UTC", "Europe/Berlin", "Pacific/Apia")
DAYS, MOMENTS = Column("date", DATES), Column("datetime", TIMES)
# CPython's calendar ends where a zone would lead out of the years 1 to 9999.
ZONED = Column("datetime", [t for t in TIMES if t is None or 1900 < t.year < 9999])


def cases() -> Iterator[dict]:
    yield from parts()
    yield from edges()
    yield from holidays()
    yield from numbers()
    yield from texts()
    yield from buckets()


def parts() -> Iterator[dict]:
    for name, reference, compute in (
        ("year", "CPython date.year", lambda d: d.year),
        ("quarter", "CPython (date.month + 2) // 3", lambda d: (d.month + 2) // 3),
        ("month_of_year", "CPython date.month", lambda d: d.month),
        ("week_of_year", "CPython date.isocalendar().week", lambda d: d.isocalendar().week),
        ("day", "CPython date.day", lambda d: d.day),
        ("day_of_month", "CPython date.day", lambda d: d.day),
        ("day_of_year", "CPython date.timetuple().tm_yday", lambda d: d.timetuple().tm_yday),
        ("day_of_week", "CPython date.isoweekday", lambda d: d.isoweekday()),
    ):
        yield case(name, reference, compute, [DAYS], "int")
        yield case(name, reference, compute, [MOMENTS], "int")
    for first in (7, 3, 0, 8):
        yield case(
            "day_of_week",
            "CPython date.isoweekday, counted from the first day",
            day_of_week,
            [DAYS, whole(first)],
            "int",
        )
    yield case("hour_of_day", "CPython datetime.hour", lambda t: t.hour, [MOMENTS], "int")
    for zone in (*ZONES, "Mars/Olympus"):
        yield case("hour_of_day", "CPython zoneinfo", lambda t, zone: local(t, zone).hour, [ZONED, text(zone)], "int")


def day_of_week(d: date, first: int) -> int:
    if not 1 <= first <= 7:
        raise ValueError("days are 1 to 7")
    return (d.isoweekday() - first) % 7 + 1


def local(t: datetime, zone: str) -> datetime:
    try:
        return t.astimezone(ZoneInfo(zone))
    except ZoneInfoNotFoundError:
        raise ValueError("no such zone") from None


def truncated(t: datetime | date, unit: str) -> datetime | date:
    """The start of the unit that holds t; a week begins on Monday."""
    midnight = dict(zip(("hour", "minute", "second", "microsecond"), (0, 0, 0, 0), strict=True))
    if not isinstance(t, datetime):
        midnight = {}
    match unit:
        case "second" | "minute" | "hour":
            finer = {
                "second": ("microsecond",),
                "minute": ("second", "microsecond"),
                "hour": ("minute", "second", "microsecond"),
            }
            return t.replace(**{name: 0 for name in finer[unit] if midnight})
        case "day":
            return t.replace(**midnight)
        case "week":
            return t.replace(**midnight) - timedelta(days=t.weekday())
        case "month":
            return t.replace(day=1, **midnight)
        case "quarter":
            return t.replace(month=(t.month - 1) // 3 * 3 + 1, day=1, **midnight)
        case "year":
            return t.replace(month=1, day=1, **midnight)
    raise ValueError("no such unit")


def last_day(d: date) -> date:
    return date(d.year, d.month, calendar.monthrange(d.year, d.month)[1])


def edges() -> Iterator[dict]:
    for unit in ("month", "second", "minute", "hour", "day", "week", "quarter", "year", "decade"):
        yield case("date_trunc", "CPython datetime.replace", truncated, [MOMENTS, text(unit)], "datetime")
    for unit in ("day", "week", "month", "quarter", "year"):
        yield case("date_trunc", "CPython date.replace", truncated, [DAYS, text(unit)], "date")
    for column in (Column("date", [date(2024, 2, 5)]), DAYS, MOMENTS):
        yield case("last_day_of_month", "CPython calendar.monthrange", last_day, [column], "date")
        yield case("is_month_end", "CPython calendar.monthrange", lambda d: last_day(d).day == d.day, [column], "bool")
        yield case("is_leap_year", "CPython calendar.isleap", lambda d: calendar.isleap(d.year), [column], "bool")


def weekday_of(year: int, month: int, weekday: int, number: int) -> date:
    """The n-th such weekday (Monday 0) of a month, or the last for -1."""
    weeks = [week[weekday] for week in calendar.monthcalendar(year, month) if week[weekday]]
    return date(year, month, weeks[number if number < 0 else number - 1])


def legal_holidays(year: int) -> set[date]:
    """5 U.S.C. 6103(a): the days themselves. King's birthday since 1986, Juneteenth since 2021."""
    fixed = [(1, 1), (7, 4), (11, 11), (12, 25)] + [(6, 19)] * (year >= 2021)
    floating = [(2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4)] + [(1, 0, 3)] * (year >= 1986)
    return {date(year, *day) for day in fixed} | {weekday_of(year, *rule) for rule in floating}


def is_holiday(d: date) -> bool:
    """The day itself, or the day on which it is observed: Friday for a Saturday (b)(1), Monday for a Sunday."""
    d = date(d.year, d.month, d.day)
    if d in legal_holidays(d.year):
        return True
    if d.weekday() == 4:
        # New Year's Day of the year 10000 is beyond CPython's calendar.
        return (d.month, d.day) == (12, 31) or d + timedelta(days=1) in legal_holidays(d.year)
    return d.weekday() == 0 and d > date.min and d - timedelta(days=1) in legal_holidays(d.year)


def holidays() -> Iterator[dict]:
    reference = "5 U.S.C. 6103 with observed days (E.O. 11582)"
    days = [
        *((2024, 7, 4), (2024, 7, 5), (2021, 12, 31), (2022, 1, 1), (2021, 12, 24), (2021, 12, 25), (2021, 6, 18)),
        *((2021, 6, 19), (2020, 6, 19), (2022, 6, 20), (2023, 1, 2), (2023, 1, 1), (2024, 1, 15), (1985, 1, 21)),
        *((1986, 1, 20), (2024, 2, 19), (2024, 5, 27), (2024, 9, 2), (2024, 10, 14), (2024, 11, 11), (2024, 11, 28)),
        *((2024, 11, 29), (2023, 11, 10), (9999, 12, 31), (1, 1, 1), (2018, 11, 12), (2024, 5, 20), (2023, 5, 29)),
    ]
    yield case(
        "is_us_federal_holiday", reference, is_holiday, [Column("date", [date(*d) for d in days] + [None])], "bool"
    )
    times = [at(2024, 7, 4, 23, 59), at(2024, 7, 5), None, at(2022, 12, 26, 12)]
    yield case("is_us_federal_holiday", reference, is_holiday, [Column("datetime", times)], "bool")


def numbers() -> Iterator[dict]:
    hours, days = timedelta(hours=1), timedelta(days=1)
    spans = [hours, timedelta(microseconds=1), None, -days, timedelta(0), timedelta(days=365_000), 1.5 * hours]
    yield case(
        "total_seconds",
        "CPython timedelta.total_seconds",
        timedelta.total_seconds,
        [Column("timedelta", spans)],
        "float",
    )
    yield case(
        "unix_seconds",
        "CPython (t - epoch) / timedelta(seconds=1)",
        lambda t: (t - EPOCH) / timedelta(seconds=1),
        [MOMENTS],
        "float",
    )
    yield case(
        "unix_milliseconds",
        "CPython (t - epoch) // timedelta(milliseconds=1)",
        lambda t: (t - EPOCH) // timedelta(milliseconds=1),
        [MOMENTS],
        "int",
    )
    seconds = ints(
        1_709_251_199, 0, None, -1, -62_135_596_800, 253_402_300_799, 253_402_300_800, -62_135_596_801, 2**63 - 1
    )
    yield case(
        "from_unix_seconds",
        "CPython datetime + timedelta",
        lambda n: EPOCH + timedelta(seconds=n),
        [seconds],
        "datetime",
    )
    parts = floats(1_709_251_199.25, 0.0, None, -0.5, 1.000001, -1.75, 1e300, float("nan"), float("inf"))
    yield case(
        "from_unix_seconds", "CPython datetime + timedelta", lambda n: EPOCH + timedelta(seconds=n), [parts], "datetime"
    )
    thousandths = ints(
        1_709_251_199_250, 0, None, -1, 253_402_300_799_999, 253_402_300_800_000, -62_135_596_800_000, 2**63 - 1
    )
    yield case(
        "from_unix_milliseconds",
        "CPython datetime + timedelta",
        lambda n: EPOCH + timedelta(milliseconds=n),
        [thousandths],
        "datetime",
    )


def from_iso(s: str) -> datetime:
    """Without an offset it is UTC."""
    t = datetime.fromisoformat(s)
    return t.replace(tzinfo=UTC) if t.tzinfo is None else t.astimezone(UTC)


def texts() -> Iterator[dict]:
    yield case("to_iso8601", "CPython datetime.isoformat", datetime.isoformat, [MOMENTS], "str")
    yield case("to_iso8601", "CPython date.isoformat", date.isoformat, [DAYS], "str")
    written = strs(
        "2024-02-29T23:59:59Z",
        "2024-03-10T01:02:03.5+05:30",
        None,
        "2024-02-29",
        "2024-02-29T12:30",
        "2024-02-29 12:30:00-08:00",
        "2024-02-29T12:30:00.123456789Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "2023-02-29T00:00:00Z",
        "",
        "yesterday",
        "2024-02-29T12:30:00Z ",
        "2024-13-01",
        "2024-02-29T25:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "2024-02-29T12:30:00+0530",
    )
    yield case("from_iso8601_timestamp", "CPython datetime.fromisoformat", from_iso, [written], "datetime")
    yield case("parse_datetime", "CPython datetime.fromisoformat", from_iso, [written], "datetime")
    for pattern, written in joda.WRITTEN.items():
        yield case(
            "parse_datetime",
            "Joda-Time DateTimeFormat, calendar of CPython",
            joda.parse,
            [Column("str", written), text(pattern)],
            "datetime",
        )
    for pattern in joda.PATTERNS:
        yield case(
            "format_datetime",
            "Joda-Time DateTimeFormat, calendar of CPython",
            joda.render,
            [MOMENTS, text(pattern)],
            "str",
        )
    for zone in ZONES:
        compute = lambda t, pattern, zone: joda.render(local(t, zone), pattern)  # noqa: E731
        yield case(
            "format_datetime",
            "Joda-Time DateTimeFormat, CPython zoneinfo",
            compute,
            [ZONED, text("yyyy-MM-dd'T'HH:mm:ss.SSSZZ"), text(zone)],
            "str",
        )
    yield case(
        "format_datetime",
        "Joda-Time DateTimeFormat, CPython zoneinfo",
        lambda t, pattern, zone: joda.render(local(t, zone), pattern),
        [ZONED, text("yyyy"), text("Mars/Olympus")],
        "str",
    )


def bucket(t: datetime, length: timedelta, number: int, initial: datetime) -> datetime:
    """The start of the n-th bucket after the one that holds t; buckets are aligned to `initial`."""
    if length <= timedelta(0):
        raise ValueError("a bucket has a length")
    return initial + ((t - initial) // length + number) * length


def buckets() -> Iterator[dict]:
    reference = "CPython datetime // timedelta"
    for length in (timedelta(hours=1), timedelta(days=7), timedelta(microseconds=7), timedelta(0)):
        span = Constant("timedelta", length)
        yield case("current_bucket_start", reference, lambda t, d: bucket(t, d, 0, EPOCH), [MOMENTS, span], "datetime")
        yield case("current_bucket_end", reference, lambda t, d: bucket(t, d, 1, EPOCH), [MOMENTS, span], "datetime")
        for number in (-3, 0, 2):
            arguments = [MOMENTS, span, whole(number)]
            yield case("nth_bucket_start", reference, lambda t, d, n: bucket(t, d, n, EPOCH), arguments, "datetime")
            yield case("nth_bucket_end", reference, lambda t, d, n: bucket(t, d, n + 1, EPOCH), arguments, "datetime")
    monday = Constant("datetime", at(2024, 1, 1, 6))
    week = Constant("timedelta", timedelta(days=7))
    yield case(
        "current_bucket_start", reference, lambda t, d, i: bucket(t, d, 0, i), [MOMENTS, week, monday], "datetime"
    )
    yield case("current_bucket_end", reference, lambda t, d, i: bucket(t, d, 1, i), [MOMENTS, week, monday], "datetime")
    for name, after in (("nth_bucket_start", 0), ("nth_bucket_end", 1)):
        yield case(
            name,
            reference,
            lambda t, d, n, i, after=after: bucket(t, d, n + after, i),
            [MOMENTS, week, whole(-1), monday],
            "datetime",
        )
