//! Exact numbers: a score is a fraction of whole numbers, so that native and WebAssembly always agree.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::cmp::Ordering;
use std::fmt;

/// A fraction in lowest terms with a positive denominator. Never a float.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    numerator: i64,
    denominator: i64,
}

/// How a score becomes a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    None,
    HalfUp,
    Floor,
    Ceiling,
}

/// A text that is no number we can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a number: write 3, 1.25 or 5/4")]
pub struct NotANumber;

/// Decimals of every number that leaves the engine (contract of the output row).
const DECIMALS: usize = 4;
const DECIMAL_UNIT: i128 = 10_000;

/// Denominator used if a fraction outgrows 64 bits; no published scale comes near it.
const COARSEST_UNIT: i128 = 1_000_000;

impl Number {
    pub const ZERO: Number = Number::whole(0);
    pub const ONE: Number = Number::whole(1);

    pub const fn whole(value: i64) -> Self {
        Self { numerator: value, denominator: 1 }
    }

    /// `None` if the denominator is zero.
    pub fn fraction(numerator: i64, denominator: i64) -> Option<Self> {
        (denominator != 0).then(|| Self::reduced(numerator.into(), denominator.into()))
    }

    /// Accepts `3`, `-3`, `1.25` and `5/4`.
    pub fn parse(text: &str) -> Result<Self, NotANumber> {
        if let Some((top, bottom)) = text.split_once('/') {
            let top = top.parse().map_err(|_| NotANumber)?;
            let bottom = bottom.parse().map_err(|_| NotANumber)?;
            return Self::fraction(top, bottom).ok_or(NotANumber);
        }
        let Some((whole, decimals)) = text.split_once('.') else {
            return text.parse().map(Self::whole).map_err(|_| NotANumber);
        };
        let only_digits = !decimals.is_empty() && decimals.bytes().all(|b| b.is_ascii_digit());
        let unit = u32::try_from(decimals.len()).ok().and_then(|places| 10_i64.checked_pow(places));
        let digits = format!("{whole}{decimals}").parse().map_err(|_| NotANumber)?;
        match unit {
            Some(unit) if only_digits => Self::fraction(digits, unit).ok_or(NotANumber),
            _ => Err(NotANumber),
        }
    }

    #[inline]
    pub const fn is_whole(self) -> bool {
        self.denominator == 1
    }

    /// The value if it is a whole number.
    pub const fn as_whole(self) -> Option<i64> {
        if self.denominator == 1 { Some(self.numerator) } else { None }
    }

    #[inline]
    pub fn plus(self, other: Self) -> Self {
        if let (1, 1, Some(sum)) =
            (self.denominator, other.denominator, self.numerator.checked_add(other.numerator))
        {
            return Self::whole(sum);
        }
        let (a, b) = (i128::from(self.numerator), i128::from(other.numerator));
        let (c, d) = (i128::from(self.denominator), i128::from(other.denominator));
        Self::reduced(a * d + b * c, c * d)
    }

    pub fn minus(self, other: Self) -> Self {
        self.plus(Self { numerator: other.numerator.saturating_neg(), denominator: other.denominator })
    }

    #[inline]
    pub fn times(self, other: Self) -> Self {
        Self::reduced(
            i128::from(self.numerator) * i128::from(other.numerator),
            i128::from(self.denominator) * i128::from(other.denominator),
        )
    }

    /// Divides by a count; zero people or items give zero, callers ask before.
    pub fn divided_by(self, count: u16) -> Self {
        if count == 0 {
            return Self::ZERO;
        }
        Self::reduced(self.numerator.into(), i128::from(self.denominator) * i128::from(count))
    }

    pub fn rounded(self, rounding: Rounding) -> Self {
        let (top, bottom) = (i128::from(self.numerator), i128::from(self.denominator));
        let whole = match rounding {
            Rounding::None => return self,
            Rounding::Floor => top.div_euclid(bottom),
            Rounding::Ceiling => -(-top).div_euclid(bottom),
            Rounding::HalfUp => (2 * top + bottom).div_euclid(2 * bottom),
        };
        Self::reduced(whole, 1)
    }

    /// Ten-thousandths, rounded half up: what the outside sees.
    fn ten_thousandths(self) -> i128 {
        let (top, bottom) = (i128::from(self.numerator) * DECIMAL_UNIT, i128::from(self.denominator));
        (2 * top + bottom).div_euclid(2 * bottom)
    }

    fn reduced(mut top: i128, mut bottom: i128) -> Self {
        if bottom < 0 {
            (top, bottom) = (-top, -bottom);
        }
        if bottom != 1 {
            let divisor = greatest_common_divisor(top.unsigned_abs(), bottom.unsigned_abs());
            if let Ok(divisor) = i128::try_from(divisor)
                && divisor > 1
            {
                top /= divisor;
                bottom /= divisor;
            }
        }
        match (i64::try_from(top), i64::try_from(bottom)) {
            (Ok(numerator), Ok(denominator)) => Self { numerator, denominator },
            _ => Self::coarse(top, bottom),
        }
    }

    /// The nearest millionth, held at the edge of what 64 bits can say.
    fn coarse(top: i128, bottom: i128) -> Self {
        let whole = top.div_euclid(bottom);
        let rest = top.rem_euclid(bottom);
        let millionths = rest / (bottom / COARSEST_UNIT).max(1);
        match i64::try_from(whole.saturating_mul(COARSEST_UNIT).saturating_add(millionths)) {
            Ok(numerator) => Self { numerator, denominator: 1_000_000 },
            Err(_) if whole > 0 => Self::whole(i64::MAX),
            Err(_) => Self::whole(i64::MIN),
        }
    }

    /// Appends the number as JSON, without allocating.
    pub fn write_json(self, out: &mut Vec<u8>) {
        // Most scores have one digit.
        if let (1, 0..=9, Ok(digit)) = (self.denominator, self.numerator, u8::try_from(self.numerator)) {
            out.push(b'0' + digit);
            return;
        }
        let mut digits = Digits { bytes: [0; LONGEST] };
        out.extend_from_slice(digits.text(self));
    }
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Room for the longest number we print.
struct Digits {
    bytes: [u8; LONGEST],
}

const LONGEST: usize = 48;

impl Digits {
    fn text(&mut self, number: Number) -> &[u8] {
        let scaled = if number.is_whole() {
            i128::from(number.numerator) * DECIMAL_UNIT
        } else {
            number.ten_thousandths()
        };
        let magnitude = scaled.unsigned_abs();
        let unit = DECIMAL_UNIT.unsigned_abs();
        let (mut whole, mut decimals) = (magnitude / unit, magnitude % unit);
        let mut at = self.bytes.len();
        if decimals != 0 {
            let mut significant = false;
            for _ in 0..DECIMALS {
                let digit = decimals % 10;
                decimals /= 10;
                significant |= digit != 0;
                if significant {
                    at -= 1;
                    self.bytes[at] = ascii(digit);
                }
            }
            at -= 1;
            self.bytes[at] = b'.';
        }
        loop {
            at -= 1;
            self.bytes[at] = ascii(whole % 10);
            whole /= 10;
            if whole == 0 {
                break;
            }
        }
        if scaled < 0 {
            at -= 1;
            self.bytes[at] = b'-';
        }
        &self.bytes[at..]
    }
}

fn ascii(digit: u128) -> u8 {
    b'0' + u8::try_from(digit).unwrap_or(0)
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        if self.denominator == other.denominator {
            return self.numerator.cmp(&other.numerator);
        }
        let left = i128::from(self.numerator) * i128::from(other.denominator);
        let right = i128::from(other.numerator) * i128::from(self.denominator);
        left.cmp(&right)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::whole(value)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = Digits { bytes: [0; LONGEST] };
        f.write_str(std::str::from_utf8(digits.text(*self)).unwrap_or("?"))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole() {
            write!(f, "{}", self.numerator)
        } else {
            write!(f, "{}/{}", self.numerator, self.denominator)
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(whole) = self.as_whole() {
            return serializer.serialize_i64(whole);
        }
        let scaled = self.ten_thousandths();
        if let (0, Ok(whole)) = (scaled % DECIMAL_UNIT, i64::try_from(scaled / DECIMAL_UNIT)) {
            return serializer.serialize_i64(whole);
        }
        // The printed decimal, carried by the nearest float: JSON has no other number.
        let printed: f64 = self.to_string().parse().map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(printed)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl de::Visitor<'_> for Written {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a text such as \"5/4\"")
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
                Ok(Number::whole(value))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
                i64::try_from(value).map(Number::whole).map_err(E::custom)
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
                // The shortest text of a float is the decimal its author wrote.
                Number::parse(&value.to_string()).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Number, E> {
                Number::parse(value).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for (text, expected) in [
            ("3", Number::whole(3)),
            ("-3", Number::whole(-3)),
            ("1.25", Number::fraction(5, 4).unwrap()),
            ("-0.5", Number::fraction(-1, 2).unwrap()),
            ("10/8", Number::fraction(5, 4).unwrap()),
        ] {
            assert_eq!(Number::parse(text), Ok(expected), "{text}");
        }
        for text in ["", "x", "1.", ".5.", "1/0", "1e3", "1.2.3"] {
            assert!(Number::parse(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<Number>("2.8").unwrap(), Number::fraction(14, 5).unwrap());
    }

    #[test]
    fn numbers_leave_rounded_half_up_to_four_decimals() {
        for (number, expected) in [
            (Number::whole(12), "12"),
            (Number::whole(-12), "-12"),
            (Number::ZERO, "0"),
            (Number::fraction(5, 4).unwrap(), "1.25"),
            (Number::fraction(1, 3).unwrap(), "0.3333"),
            (Number::fraction(2, 3).unwrap(), "0.6667"),
            (Number::fraction(1, 20_000).unwrap(), "0.0001"),
            (Number::fraction(-1, 20_000).unwrap(), "0"),
            (Number::fraction(-5, 4).unwrap(), "-1.25"),
            (Number::whole(i64::MIN), "-9223372036854775808"),
        ] {
            let mut json = Vec::new();
            number.write_json(&mut json);
            assert_eq!(String::from_utf8(json).unwrap(), expected);
            assert_eq!(serde_json::to_string(&number).unwrap(), expected);
        }
    }

    #[test]
    fn rounding_follows_its_name() {
        let table = [
            (5, 2, Rounding::HalfUp, 3),
            (-5, 2, Rounding::HalfUp, -2),
            (9, 4, Rounding::HalfUp, 2),
            (-9, 4, Rounding::Floor, -3),
            (9, 4, Rounding::Ceiling, 3),
            (-9, 4, Rounding::Ceiling, -2),
        ];
        for (top, bottom, rounding, expected) in table {
            let number = Number::fraction(top, bottom).unwrap();
            assert_eq!(number.rounded(rounding), Number::whole(expected), "{number:?} {rounding:?}");
        }
    }

    #[test]
    fn a_number_too_long_for_64_bits_is_held_at_the_edge_and_never_wraps() {
        let most = Number::whole(i64::MAX);
        assert_eq!(most.plus(Number::ONE), most);
        assert_eq!(Number::whole(i64::MIN).minus(Number::ONE), Number::whole(i64::MIN));
    }

    proptest! {
        #[test]
        fn arithmetic_agrees_with_cross_multiplication(a in -999i64..999, b in 1i64..99, c in -999i64..999, d in 1i64..99) {
            let (x, y) = (Number::fraction(a, b).unwrap(), Number::fraction(c, d).unwrap());
            prop_assert_eq!(x.plus(y), Number::fraction(a * d + c * b, b * d).unwrap());
            prop_assert_eq!(x.plus(y).minus(y), x);
            prop_assert_eq!(x.times(y), Number::fraction(a * c, b * d).unwrap());
            prop_assert_eq!(x.cmp(&y), (a * d).cmp(&(c * b)));
        }
    }
}
