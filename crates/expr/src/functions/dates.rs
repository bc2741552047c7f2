//! Dates and times.

use super::signature::Kind::{self, Bool, Day, Float, Int, Number, Span, Str, Time};
use super::signature::{fixed, ruled};
use super::{checks, family};
use creta_model::DataType;

family! {
    /// Dates and times, in UTC where no zone is named.
    Date {
        Year "year": fixed(&[Day], Int);
        Quarter "quarter": fixed(&[Day], Int);
        Month "month_of_year": fixed(&[Day], Int);
        WeekOfYear "week_of_year": fixed(&[Day], Int);
        DayOfMonth "day_of_month": fixed(&[Day], Int);
        DayOfYear "day_of_year": fixed(&[Day], Int);
        DayOfWeek "day_of_week": fixed(&[Day, Int], Int).optional(1).checked(checks::weekday);
        HourOfDay "hour_of_day": fixed(&[Time, Str], Int).optional(1).checked(checks::zone_second);
        Truncate "date_trunc": ruled(&[Day, Str], first).checked(checks::unit);
        LastDayOfMonth "last_day_of_month": fixed(&[Day], Kind::Date);
        IsMonthEnd "is_month_end": fixed(&[Day], Bool);
        IsLeapYear "is_leap_year": fixed(&[Day], Bool);
        IsFederalHoliday "is_us_federal_holiday": fixed(&[Day], Bool);
        TotalSeconds "total_seconds": fixed(&[Span], Float);
        UnixSeconds "unix_seconds": fixed(&[Time], Float);
        UnixMilliseconds "unix_milliseconds": fixed(&[Time], Int);
        FromUnixSeconds "from_unix_seconds": fixed(&[Number], Time);
        FromUnixMilliseconds "from_unix_milliseconds": fixed(&[Int], Time);
        ToIso "to_iso8601": fixed(&[Day], Str);
        FromIso "from_iso8601_timestamp": fixed(&[Str], Time);
        Parse "parse_datetime": fixed(&[Str, Str], Time).optional(1).checked(checks::readable);
        Format "format_datetime": fixed(&[Time, Str, Str], Str).optional(1).checked(checks::format);
        BucketStart "current_bucket_start": fixed(&[Time, Span, Time], Time).optional(1).checked(checks::length);
        BucketEnd "current_bucket_end": fixed(&[Time, Span, Time], Time).optional(1).checked(checks::length);
        NthBucketStart "nth_bucket_start": fixed(&[Time, Span, Int, Time], Time).optional(1).checked(checks::length);
        NthBucketEnd "nth_bucket_end": fixed(&[Time, Span, Int, Time], Time).optional(1).checked(checks::length);
    }
}

fn first(arguments: &[DataType]) -> Option<DataType> {
    arguments.first().cloned()
}
