//! The citizen's ID number and what it says by itself.

use super::{Invalid, Sex};
use crate::Private;
use chrono::{Datelike, NaiveDate};
use serde::Serialize;

/// A citizen's ID number of 18 characters (GB 11643-1999), also on the residence permits for Hong Kong, Macao and
/// Taiwan residents and on the foreigners' permanent residence card of 2023.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct IdNumber(Private<String>);

impl IdNumber {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let number = text.trim().to_ascii_uppercase();
        match number.chars().count() {
            18 => {}
            15 if number.bytes().all(|byte| byte.is_ascii_digit()) => return Err(Invalid::IdFifteenDigits),
            _ => return Err(Invalid::IdLength),
        }
        let (body, check) = number.split_at_checked(17).ok_or(Invalid::IdCharacters)?;
        if !body.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Invalid::IdCharacters);
        }
        if !matches!(check.as_bytes(), [b'0'..=b'9' | b'X']) {
            return Err(Invalid::IdCharacters);
        }
        if !is_province(&body[..2]) {
            return Err(Invalid::IdProvince);
        }
        if birth_date_of(body).is_none() {
            return Err(Invalid::IdDate);
        }
        if check.as_bytes() != [check_digit(body)] {
            return Err(Invalid::IdCheckDigit);
        }
        Ok(Self(Private::new(number)))
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    pub fn birth_date(&self) -> Option<NaiveDate> {
        birth_date_of(self.expose())
    }

    /// The 17th digit is odd for men (GB 11643-1999, sequence code).
    pub fn sex(&self) -> Sex {
        match self.expose().as_bytes().get(16) {
            Some(digit) if digit % 2 == 1 => Sex::M,
            Some(_) => Sex::F,
            None => Sex::Unknown,
        }
    }

    /// What was entered beside the number and contradicts it; nothing is corrected silently.
    pub fn disagreements(&self, sex: Sex, birth_date: Option<NaiveDate>) -> Vec<Disagreement> {
        let mut found = Vec::new();
        if sex != Sex::Unknown && sex != self.sex() {
            found.push(Disagreement::Sex);
        }
        if birth_date.is_some_and(|date| Some(date) != self.birth_date()) {
            found.push(Disagreement::BirthDate);
        }
        found
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Disagreement {
    #[error("the sex does not agree with the ID number")]
    Sex,
    #[error("the birth date does not agree with the ID number")]
    BirthDate,
}

/// ISO 7064 MOD 11-2, as GB 11643-1999 uses it: weights 2^(18-i) mod 11 for the digits i = 1..17.
fn check_digit(body: &str) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [u8; 11] = *b"10X98765432";
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    CHECKS[(sum % 11) as usize]
}

/// GB/T 2260 province codes; 81–83 residence permits of Hong Kong, Macao, Taiwan; 9x foreigners.
fn is_province(code: &str) -> bool {
    matches!(
        code.parse::<u8>(),
        Ok(11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 91..=99)
    )
}

fn birth_date_of(body: &str) -> Option<NaiveDate> {
    let year = body.get(6..10)?.parse().ok()?;
    let month = body.get(10..12)?.parse().ok()?;
    let day = body.get(12..14)?.parse().ok()?;
    NaiveDate::from_ymd_opt(year, month, day).filter(|date| date.year() >= 1880)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn id_numbers_are_checked_digit_by_digit() {
        // invented numbers; 11010519491231002X is the worked example of GB 11643-1999
        let table = [
            ("11010519491231002X", Ok(())),
            (" 11010519491231002x ", Ok(())),
            ("440524188001010014", Ok(())),
            ("110105194912310021", Err(Invalid::IdCheckDigit)),
            ("110105491231002", Err(Invalid::IdFifteenDigits)),
            ("1101051949123100", Err(Invalid::IdLength)),
            ("11010519491331002X", Err(Invalid::IdDate)),
            ("110105190002290020", Err(Invalid::IdDate)),
            ("00010519491231002X", Err(Invalid::IdProvince)),
            ("11010519491X31002X", Err(Invalid::IdCharacters)),
            ("1101051949123100二X", Err(Invalid::IdCharacters)),
            ("", Err(Invalid::IdLength)),
        ];
        for (text, expected) in table {
            assert_eq!(IdNumber::parse(text).map(|_| ()), expected, "{text}");
        }
    }

    #[test]
    fn an_id_number_tells_birth_date_and_sex_and_what_contradicts_them() {
        let number = IdNumber::parse("11010519491231002X").unwrap();
        assert_eq!(number.birth_date(), Some(day("1949-12-31")));
        assert_eq!(number.sex(), Sex::F);
        assert_eq!(number.disagreements(Sex::F, Some(day("1949-12-31"))), []);
        assert_eq!(number.disagreements(Sex::Unknown, None), []);
        assert_eq!(
            number.disagreements(Sex::M, Some(day("1949-12-30"))),
            [Disagreement::Sex, Disagreement::BirthDate]
        );
        assert!(!format!("{number:?}").contains("1949"));
    }

    proptest! {
        /// MOD 11-2 finds every single wrong digit and every swap of neighbours.
        #[test]
        fn one_wrong_digit_never_passes(body in "[1-6][1-5][0-9]{4}19[5-9][0-9]0[1-9]1[0-9][0-9]{3}",
                                        place in 0usize..17, other in b'0'..=b'9') {
            prop_assume!(is_province(&body[..2]));
            let good = format!("{body}{}", char::from(check_digit(&body)));
            prop_assert!(IdNumber::parse(&good).is_ok());
            let mut bytes = good.clone().into_bytes();
            prop_assume!(bytes[place] != other);
            bytes[place] = other;
            prop_assert!(IdNumber::parse(std::str::from_utf8(&bytes).unwrap()).is_err());
        }
    }
}
