//! PostgreSQL's `numeric` in its binary form: groups of four decimal digits, and how many digits follow the point.

const GROUP: usize = 4;
const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;
/// Up to here whole numbers and powers of ten are floats without rounding, and so one division rounds right.
const EXACT_MANTISSA: i128 = 1 << 53;
const EXACT_POWER: i64 = 22;
/// Groups that fit in the 128 bits of a mantissa.
const MANTISSA_GROUPS: usize = 8;

/// A `numeric` that is read where it lies.
pub(super) struct Numeric<'a> {
    groups: &'a [u8],
    /// The first group is worth this power of ten thousand.
    weight: i64,
    sign: u16,
    /// Digits after the point, as the value was written.
    scale: usize,
}

impl<'a> Numeric<'a> {
    pub fn read(raw: &'a [u8]) -> Option<Numeric<'a>> {
        let [c0, c1, w0, w1, s0, s1, d0, d1, groups @ ..] = raw else { return None };
        let count = usize::from(u16::from_be_bytes([*c0, *c1]));
        let weight = i64::from(i16::from_be_bytes([*w0, *w1]));
        let sign = u16::from_be_bytes([*s0, *s1]);
        let scale = usize::from(u16::from_be_bytes([*d0, *d1]));
        (groups.len() == 2 * count).then_some(Numeric { groups, weight, sign, scale })
    }

    /// The whole number that it is.
    pub fn integer(&self) -> Option<i64> {
        let (mantissa, power) = self.mantissa()?;
        let value = match u32::try_from(power.unsigned_abs()).ok()? {
            digits if power >= 0 => mantissa.checked_mul(10_i128.checked_pow(digits)?)?,
            digits => {
                let divisor = 10_i128.checked_pow(digits)?;
                (mantissa % divisor == 0).then_some(mantissa / divisor)?
            }
        };
        i64::try_from(value).ok()
    }

    /// The nearest float; nothing when it is beyond all floats.
    pub fn float(&self) -> Option<f64> {
        match self.sign {
            NAN => return Some(f64::NAN),
            INFINITY => return Some(f64::INFINITY),
            NEGATIVE_INFINITY => return Some(f64::NEG_INFINITY),
            _ => {}
        }
        if let Some((mantissa, power)) = self.mantissa()
            && mantissa.abs() < EXACT_MANTISSA
            && power.abs() <= EXACT_POWER
        {
            let scale = 10_f64.powi(power.unsigned_abs() as i32);
            return Some(if power < 0 { mantissa as f64 / scale } else { mantissa as f64 * scale });
        }
        self.text().parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// As PostgreSQL writes it.
    pub fn text(&self) -> String {
        match self.sign {
            NAN => return "NaN".to_owned(),
            INFINITY => return "Infinity".to_owned(),
            NEGATIVE_INFINITY => return "-Infinity".to_owned(),
            _ => {}
        }
        let mut text = String::from(if self.sign == NEGATIVE { "-" } else { "" });
        match self.weight {
            0.. => {
                text.push_str(&self.group(0).to_string());
                (1..=self.weight).for_each(|position| text.push_str(&format!("{:04}", self.group(position))));
            }
            _ => text.push('0'),
        }
        if self.scale > 0 {
            text.push('.');
            let end = text.len() + self.scale;
            let first = self.weight + 1;
            let groups = self.scale.div_ceil(GROUP) as i64;
            (first..first + groups).for_each(|position| text.push_str(&format!("{:04}", self.group(position))));
            text.truncate(end);
        }
        text
    }

    /// The value as a whole number times a power of ten, where the number is small enough.
    fn mantissa(&self) -> Option<(i128, i64)> {
        let count = self.groups.len() / 2;
        if !matches!(self.sign, 0 | NEGATIVE) || count > MANTISSA_GROUPS {
            return None;
        }
        let mantissa = (0..count as i64).fold(0, |sum, position| 10_000 * sum + i128::from(self.group(position)));
        let power = GROUP as i64 * (self.weight + 1 - count as i64);
        Some((if self.sign == NEGATIVE { -mantissa } else { mantissa }, if count == 0 { 0 } else { power }))
    }

    /// Groups that are not sent are zero.
    fn group(&self, position: i64) -> u16 {
        let start = usize::try_from(position).ok().map(|position| 2 * position);
        let bytes = start.and_then(|start| self.groups.get(start..start + 2));
        bytes.map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }
}
