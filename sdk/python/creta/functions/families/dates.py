"""Dates and times, in UTC unless a zone is named. Results outside of the years 1 to 9999 fail the row."""

from creta.functions.constants import duration as as_duration
from creta.functions.constants import one_of
from creta.functions.declaring import declared_in, function
from creta.functions.kinds import Bool, Date, Datetime, Day, Float, Int, Number, Same, Str, Timedelta

UNIT = {"unit": one_of("second", "minute", "hour", "day", "week", "month", "quarter", "year")}
DURATION = {"duration": as_duration}


@function()
def year(d: Day) -> Int:
    """The year."""


@function()
def quarter(d: Day) -> Int:
    """The quarter of the year, 1 to 4."""


@function()
def month_of_year(d: Day) -> Int:
    """The month, 1 to 12."""


@function()
def week_of_year(d: Day) -> Int:
    """The ISO week, 1 to 53: weeks begin on Monday, and week 1 holds the first Thursday of the year.

    * The first days of January may be in week 52 or 53, the last of December in week 1.
    """


@function()
def day(d: Day) -> Int:
    """The day of the month, 1 to 31; the same as `day_of_month`."""


@function()
def day_of_month(d: Day) -> Int:
    """The day of the month, 1 to 31."""


@function()
def day_of_year(d: Day) -> Int:
    """The day of the year, 1 to 366."""


@function()
def day_of_week(d: Day, start_of_week: Int = 1) -> Int:
    """The day of the week, 1 to 7, counted from `start_of_week`: 1 is Monday, 7 is Sunday.

    * A `start_of_week` outside of 1 to 7 is an error.
    """


@function()
def hour_of_day(t: Datetime, tz: Str = None) -> Int:
    """The hour, 0 to 23, in UTC or in a zone such as `"America/New_York"`.

    * Names are those of the IANA database; an unknown one is an error.
    """


@function(prepare=UNIT)
def date_trunc(t: Day, unit: Str) -> Same:
    """The beginning of the second, minute, hour, day, week, month, quarter or year that holds t, in UTC.

    * Weeks begin on Monday. A date stays a date.
    """


@function()
def last_day_of_month(d: Day) -> Date:
    """The date of the last day of the month."""


@function()
def is_month_end(d: Day) -> Bool:
    """Whether it is the last day of its month."""


@function()
def is_leap_year(d: Day) -> Bool:
    """Whether its year has 366 days."""


@function()
def is_us_federal_holiday(d: Day) -> Bool:
    """Whether it is a holiday of the United States (5 U.S.C. 6103) or the day on which one is observed.

    * A holiday on a Saturday is observed on the Friday before, one on a Sunday on the Monday after; both days count.
    * Martin Luther King's birthday counts since 1986, Juneteenth since 2021, the others in every year. Inauguration Day
      does not count.
    """


@function()
def total_seconds(duration: Timedelta) -> Float:
    """The length of a duration in seconds."""


@function()
def unix_seconds(t: Datetime) -> Float:
    """Seconds since 1970-01-01 in UTC, with fractions; negative before."""


@function()
def unix_milliseconds(t: Datetime) -> Int:
    """Whole milliseconds since 1970-01-01 in UTC, rounded down; negative before."""


@function()
def from_unix_seconds(n: Number) -> Datetime:
    """The time so many seconds after 1970-01-01 in UTC, to the microsecond.

    * NaN, infinities and years outside of 1 to 9999 are an error.
    """


@function()
def from_unix_milliseconds(n: Number) -> Datetime:
    """The time so many milliseconds after 1970-01-01 in UTC; years outside of 1 to 9999 are an error."""


@function()
def to_iso8601(t: Day) -> Str:
    """ISO 8601 as Python's `isoformat` writes it: with `+00:00`, and with six decimals if there are any.

    * A date gives the date alone.
    """


@function()
def from_iso8601_timestamp(s: Str) -> Datetime:
    """Reads ISO 8601: a date, with or without a time after `T` or a space, with or without an offset (else UTC).

    * Digits beyond microseconds are cut off. Anything else, surrounding spaces included, is an error.
    """


@function()
def parse_datetime(s: Str, format: Str = None) -> Datetime:
    """Reads a time by a Joda pattern; without one, as `from_iso8601_timestamp`.

    * Letters: `y` year, `M` month (`MMM` and `MMMM`: English names, in any case), `d` day, `D` day of the year,
      `H k K h` hour, `a` half of the day, `m` minute, `s` second, `S` fraction, `Z` and `ZZ` offset.
    * Numbers may have fewer digits than letters, unless another number follows directly. What is absent is 1970-01-01
      00:00 in UTC.
    * Text that does not fit, days that do not exist, other letters, and `yy`, whose century is not known, are an error.
    """


@function()
def format_datetime(t: Datetime, format: Str, tz: Str = None) -> Str:
    """Writes a time by a Joda pattern, in UTC or in a zone.

    * Letters: `y` or `Y` year, `x` year of the ISO week, `w` ISO week, `M` month, `d` day, `D` day of the year,
      `e` number and `E` name of the weekday, `a` AM or PM, `H` 0-23, `k` 1-24, `K` 0-11, `h` 1-12, `m` minute,
      `s` second, `S` fraction (cut off, not rounded), `Z` +0000, `ZZ` +00:00.
    * The number of letters is the least number of digits; `yy` has two; `MMM` and `E` are short names, `MMMM` and
      `EEEE` whole ones, in English.
    * Text stands in single quotes, two quotes are one. Other letters, an open quote, an empty pattern and unknown zones
      are an error.
    """


@function(prepare=DURATION)
def current_bucket_start(t: Datetime, duration: Timedelta, initial: Datetime = None) -> Datetime:
    """The start of the bucket that holds t, when time is cut into buckets of a duration.

    * Buckets include their start and not their end; one starts at `initial`, else at 1970-01-01.
    * A duration may be written as `"1h"` or `"7d"`; one that is not above zero is an error.
    """


@function(prepare=DURATION)
def current_bucket_end(t: Datetime, duration: Timedelta, initial: Datetime = None) -> Datetime:
    """The end of the bucket that holds t, which is the start of the next; buckets are as for `current_bucket_start`."""


@function(prepare=DURATION)
def nth_bucket_start(t: Datetime, duration: Timedelta, n: Int, initial: Datetime = None) -> Datetime:
    """The start of the n-th bucket after the one that holds t; 0 is that bucket, negative numbers lead into the past.

    * Buckets are as for `current_bucket_start`.
    """


@function(prepare=DURATION)
def nth_bucket_end(t: Datetime, duration: Timedelta, n: Int, initial: Datetime = None) -> Datetime:
    """The end of the n-th bucket after the one that holds t; buckets are as for `current_bucket_start`."""


__all__ = declared_in(__name__)
