//! Legal public holidays of the United States (5 U.S.C. 6103), and the weekdays on which they are observed.

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// The day itself, or the day on which it is observed: Friday for a Saturday, Monday for a Sunday.
pub(super) fn is_holiday(day: NaiveDate) -> bool {
    let neighbour = match day.weekday() {
        Weekday::Fri => day.checked_add_days(Days::new(1)),
        Weekday::Mon => day.checked_sub_days(Days::new(1)),
        _ => None,
    };
    is_legal(day) || neighbour.is_some_and(is_legal)
}

fn is_legal(day: NaiveDate) -> bool {
    // How many of its weekday the month has had, and whether another follows.
    let (number, is_last) = (day.day0() / 7 + 1, day.day() + 7 > u32::from(day.num_days_in_month()));
    match (day.month(), day.day(), day.weekday()) {
        (1, 1, _) | (7, 4, _) | (11, 11, _) | (12, 25, _) => true,
        (6, 19, _) => day.year() >= 2021,
        (1, _, Weekday::Mon) => number == 3 && day.year() >= 1986,
        (2, _, Weekday::Mon) => number == 3,
        (5, _, Weekday::Mon) => is_last,
        (9, _, Weekday::Mon) => number == 1,
        (10, _, Weekday::Mon) => number == 2,
        (11, _, Weekday::Thu) => number == 4,
        _ => false,
    }
}
