//! Durations as users read them; in data they are always integer microseconds.

pub const MILLISECOND: i64 = 1_000;
pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// "infinity" and "all": 36,500 days.
pub const INFINITY: i64 = 36_500 * DAY;

/// `5400000000` → `1h 30m`; "infinity" for [`INFINITY`] and more.
pub fn display(micros: i64) -> String {
    if micros >= INFINITY {
        return "infinity".to_owned();
    }
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (MILLISECOND, "ms"), (1, "us")];
    let mut rest = micros.unsigned_abs();
    let mut parts = Vec::new();
    for (size, unit) in units {
        let count = rest / size.unsigned_abs();
        if count > 0 {
            parts.push(format!("{count}{unit}"));
            rest %= size.unsigned_abs();
        }
    }
    match (parts.is_empty(), micros < 0) {
        (true, _) => "0s".to_owned(),
        (false, true) => format!("-{}", parts.join(" ")),
        (false, false) => parts.join(" "),
    }
}

/// The name of one window of a windowed feature: `spend__86400__`, `spend__all__`, `spend__neg3600__`.
pub fn window_name(feature: &str, micros: i64) -> String {
    if micros >= INFINITY {
        return format!("{feature}__all__");
    }
    let sign = if micros < 0 { "neg" } else { "" };
    format!("{feature}__{sign}{}__", micros.unsigned_abs() / SECOND.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_their_source() {
        assert_eq!(display(90 * MINUTE), "1h 30m");
        assert_eq!(display(0), "0s");
        assert_eq!(display(INFINITY), "infinity");
        assert_eq!(display(-HOUR), "-1h");
    }

    #[test]
    fn windows_are_named_in_seconds() {
        assert_eq!(window_name("teu", 7 * DAY), "teu__604800__");
        assert_eq!(window_name("teu", INFINITY), "teu__all__");
        assert_eq!(window_name("teu", -HOUR), "teu__neg3600__");
    }
}
