//! What is a valid name, sex, birth date, ID number and phone number, and what a person's circumstances are.
//!
//! Everything is parsed once at the door and private afterwards: an error names the rule that was broken, never
//! the value that broke it.

mod age_band;
mod id_number;

pub use age_band::AgeBand;
pub use id_number::{Disagreement, IdNumber};

use crate::Private;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Why a value about a person was refused. [`Invalid::code`] is stable; the text may be shown to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Invalid {
    #[error("a name has 1 to 40 characters")]
    NameLength,
    #[error("a name has no control characters")]
    NameControl,
    #[error("an ID number of the first generation (15 digits) is no longer valid; enter the 18-digit number")]
    IdFifteenDigits,
    #[error("an ID number has 18 characters")]
    IdLength,
    #[error("an ID number is 17 digits and a digit or X")]
    IdCharacters,
    #[error("the first two digits of the ID number name no province")]
    IdProvince,
    #[error("digits 7 to 14 of the ID number are no date")]
    IdDate,
    #[error("the check digit of the ID number does not fit: a digit was mistyped")]
    IdCheckDigit,
    #[error("a phone number is a mobile number of 11 digits, or a landline with its area code")]
    Phone,
    #[error("the birth date lies in the future")]
    BirthInFuture,
    #[error("the birth date lies more than 130 years ago")]
    BirthTooLongAgo,
}

impl Invalid {
    pub const fn code(self) -> &'static str {
        match self {
            Self::NameLength => "name_length",
            Self::NameControl => "name_control",
            Self::IdFifteenDigits => "id_fifteen_digits",
            Self::IdLength => "id_length",
            Self::IdCharacters => "id_characters",
            Self::IdProvince => "id_province",
            Self::IdDate => "id_date",
            Self::IdCheckDigit => "id_check_digit",
            Self::Phone => "phone",
            Self::BirthInFuture => "birth_in_future",
            Self::BirthTooLongAgo => "birth_too_long_ago",
        }
    }
}

/// As the scales' norms and the ID number know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Sex {
    F,
    M,
    #[default]
    #[serde(rename = "U", alias = "unknown")]
    Unknown,
}

impl Sex {
    pub const fn code(self) -> &'static str {
        match self {
            Self::F => "F",
            Self::M => "M",
            Self::Unknown => "U",
        }
    }
}

impl FromStr for Sex {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        match text {
            "F" => Ok(Self::F),
            "M" => Ok(Self::M),
            "U" | "unknown" | "" => Ok(Self::Unknown),
            _ => Err(UnknownCode),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the known codes")]
pub struct UnknownCode;

/// A circumstance that changes how a result is judged (triage policy, "modifiers").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modifier {
    /// Pregnant, or gave birth in the last 12 months.
    Perinatal,
    /// Lost somebody close.
    Bereaved,
    /// Left a psychiatric ward in the last 30 days.
    #[serde(rename = "discharged_30d")]
    Discharged30d,
}

impl Modifier {
    pub const ALL: [Self; 3] = [Self::Perinatal, Self::Bereaved, Self::Discharged30d];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Perinatal => "perinatal",
            Self::Bereaved => "bereaved",
            Self::Discharged30d => "discharged_30d",
        }
    }
}

impl FromStr for Modifier {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.into_iter().find(|modifier| modifier.code() == text).ok_or(UnknownCode)
    }
}

/// The kinds of node in the org tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgKind {
    Province,
    City,
    District,
    Street,
    Community,
    Grid,
    School,
    Grade,
    Class,
    Employer,
    Department,
    Hospital,
    Ward,
}

impl OrgKind {
    pub const ALL: [Self; 13] = [
        Self::Province,
        Self::City,
        Self::District,
        Self::Street,
        Self::Community,
        Self::Grid,
        Self::School,
        Self::Grade,
        Self::Class,
        Self::Employer,
        Self::Department,
        Self::Hospital,
        Self::Ward,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::City => "city",
            Self::District => "district",
            Self::Street => "street",
            Self::Community => "community",
            Self::Grid => "grid",
            Self::School => "school",
            Self::Grade => "grade",
            Self::Class => "class",
            Self::Employer => "employer",
            Self::Department => "department",
            Self::Hospital => "hospital",
            Self::Ward => "ward",
        }
    }

    /// May a node of this kind hang below one of `parent`'s kind? Levels may be left out, never turned round.
    pub const fn fits_below(self, parent: Self) -> bool {
        match self {
            Self::Province => false,
            Self::City => matches!(parent, Self::Province),
            Self::District => matches!(parent, Self::Province | Self::City),
            Self::Street => matches!(parent, Self::City | Self::District),
            Self::Community => matches!(parent, Self::City | Self::District | Self::Street),
            Self::Grid => matches!(parent, Self::District | Self::Street | Self::Community),
            Self::School | Self::Employer | Self::Hospital => matches!(
                parent,
                Self::Province | Self::City | Self::District | Self::Street | Self::Community
            ),
            Self::Grade => matches!(parent, Self::School),
            Self::Class => matches!(parent, Self::School | Self::Grade),
            Self::Department => matches!(parent, Self::Employer | Self::Department | Self::Hospital),
            Self::Ward => matches!(parent, Self::Hospital | Self::Department),
        }
    }
}

impl FromStr for OrgKind {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        Self::ALL.into_iter().find(|kind| kind.code() == text).ok_or(UnknownCode)
    }
}

/// A person's name, as written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name(Private<String>);

impl Name {
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let trimmed = text.trim();
        if trimmed.chars().any(char::is_control) {
            return Err(Invalid::NameControl);
        }
        if !(1..=40).contains(&trimmed.chars().count()) {
            return Err(Invalid::NameLength);
        }
        Ok(Self(Private::new(trimmed.to_owned())))
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// 林晓薇 → 林**, 欧阳娜 → 欧阳*, Anna Berg → A**. What lists and walls may show.
    pub fn masked(&self) -> String {
        masked_name(self.expose())
    }
}

/// See [`Name::masked`]; for a name already stored.
pub fn masked_name(name: &str) -> String {
    let letters = name.chars().count();
    let kept =
        if letters > 2 && COMPOUND_SURNAMES.iter().any(|surname| name.starts_with(surname)) { 2 } else { 1 };
    let stars = if name.is_ascii() { 2 } else { letters.saturating_sub(kept).clamp(1, 2) };
    name.chars().take(kept).chain(std::iter::repeat_n('*', stars)).collect()
}

const COMPOUND_SURNAMES: [&str; 14] = [
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "端木",
    "长孙",
];

/// A phone number in China, kept as digits only: 13800138000, 08135550100.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PhoneNumber(Private<String>);

impl PhoneNumber {
    /// Spaces, hyphens and brackets are dropped, and so is +86.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut digits: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '\u{ff08}' | '\u{ff09}' | '\u{a0}'))
            .collect();
        for prefix in ["+86", "0086", "86"] {
            if let Some(rest) = digits.strip_prefix(prefix)
                && (prefix != "86" || is_mobile(rest))
            {
                let abroad_form = !is_mobile(rest) && !rest.starts_with('0');
                digits = if abroad_form { format!("0{rest}") } else { rest.to_owned() };
                break;
            }
        }
        if is_mobile(&digits) || is_landline(&digits) {
            Ok(Self(Private::new(digits)))
        } else {
            Err(Invalid::Phone)
        }
    }

    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The last four digits: enough to tell two people apart on a list.
    pub fn tail(&self) -> &str {
        let digits = self.expose();
        &digits[digits.len().saturating_sub(4)..]
    }

    pub fn is_mobile(&self) -> bool {
        is_mobile(self.expose())
    }
}

fn is_mobile(digits: &str) -> bool {
    matches!(digits.as_bytes(), [b'1', b'3'..=b'9', rest @ ..] if rest.len() == 9 && rest.iter().all(u8::is_ascii_digit))
}

/// 010 and 02x have 8 digits behind them, the three-digit area codes 7 or 8.
fn is_landline(digits: &str) -> bool {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    let (area_length, subscriber) = match digits.as_bytes() {
        [b'0', b'1', b'0', rest @ ..] | [b'0', b'2', _, rest @ ..] => (3, rest),
        [b'0', b'3'..=b'9', _, _, rest @ ..] => (4, rest),
        _ => return false,
    };
    let length_fits = subscriber.len() == 8 || (area_length == 4 && subscriber.len() == 7);
    all_digits && length_fits && matches!(subscriber.first(), Some(b'2'..=b'9'))
}

/// The oldest verified age is 122; beyond 130 a year was mistyped.
const MAX_AGE_YEARS: u16 = 130;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct BirthDate(NaiveDate);

impl BirthDate {
    /// `today` is the tenant's local day.
    pub fn parse(date: NaiveDate, today: NaiveDate) -> Result<Self, Invalid> {
        if date > today {
            return Err(Invalid::BirthInFuture);
        }
        if age_on(date, today) > MAX_AGE_YEARS {
            return Err(Invalid::BirthTooLongAgo);
        }
        Ok(Self(date))
    }

    pub const fn date(self) -> NaiveDate {
        self.0
    }

    /// Completed years; a child born on 29 February has its birthday on 1 March in other years.
    pub fn age_on(self, day: NaiveDate) -> u16 {
        age_on(self.0, day)
    }
}

/// See [`BirthDate::age_on`]; 0 before birth.
pub fn age_on(birth: NaiveDate, day: NaiveDate) -> u16 {
    day.years_since(birth).and_then(|years| u16::try_from(years).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn phone_numbers_of_china_are_normalised() {
        let table = [
            ("13800138000", Some("13800138000")),
            ("+86 138-0013-8000", Some("13800138000")),
            ("8613800138000", Some("13800138000")),
            ("0813-5550100", Some("08135550100")),
            ("(010) 65550100", Some("01065550100")),
            ("+86 813 5550100", Some("08135550100")),
            ("02865550100", Some("02865550100")),
            ("12800138000", None),
            ("1380013800", None),
            ("010 5550100", None),
            ("0813 1550100", None),
            ("96796", None),
            ("call me", None),
            ("1380013800O", None),
        ];
        for (text, expected) in table {
            let parsed = PhoneNumber::parse(text).ok();
            assert_eq!(parsed.as_ref().map(PhoneNumber::expose), expected, "{text}");
        }
        assert_eq!(PhoneNumber::parse("13800138009").unwrap().tail(), "8009");
    }

    #[test]
    fn names_are_masked_behind_the_surname() {
        for (name, masked) in [
            ("林晓薇", "林**"),
            ("林晓", "林*"),
            ("林", "林*"),
            ("欧阳娜", "欧阳*"),
            ("欧阳", "欧*"),
            ("Anna Berg", "A**"),
        ] {
            assert_eq!(Name::parse(name).unwrap().masked(), masked);
        }
        assert_eq!(Name::parse("  "), Err(Invalid::NameLength));
        assert_eq!(Name::parse(&"长".repeat(41)), Err(Invalid::NameLength));
        assert_eq!(Name::parse("林\u{7}晓"), Err(Invalid::NameControl));
        assert_eq!(format!("{:?}", Name::parse("林晓").unwrap()), "Name(•••)");
    }

    #[test]
    fn birth_dates_lie_between_now_and_130_years_ago() {
        let today = day("2026-11-21");
        assert_eq!(BirthDate::parse(day("2026-11-22"), today), Err(Invalid::BirthInFuture));
        assert!(BirthDate::parse(today, today).is_ok());
        assert!(BirthDate::parse(day("1896-11-21"), today).is_ok());
        assert_eq!(BirthDate::parse(day("1895-11-21"), today), Err(Invalid::BirthTooLongAgo));
        let leap = BirthDate::parse(day("2012-02-29"), today).unwrap();
        assert_eq!(leap.age_on(day("2026-02-28")), 13);
        assert_eq!(leap.age_on(day("2026-03-01")), 14);
        assert_eq!(leap.age_on(day("2011-01-01")), 0);
    }

    #[test]
    fn codes_round_trip() {
        for modifier in Modifier::ALL {
            assert_eq!(modifier.code().parse(), Ok(modifier));
            assert_eq!(serde_json::to_value(modifier).unwrap(), modifier.code());
        }
        for kind in OrgKind::ALL {
            assert_eq!(kind.code().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
        }
        for sex in [Sex::F, Sex::M, Sex::Unknown] {
            assert_eq!(sex.code().parse(), Ok(sex));
            assert_eq!(serde_json::to_value(sex).unwrap(), sex.code());
        }
        assert!(
            OrgKind::Grid.fits_below(OrgKind::Community) && !OrgKind::Community.fits_below(OrgKind::Grid)
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,24}") {
            let _ = (IdNumber::parse(&text), PhoneNumber::parse(&text), Name::parse(&text), masked_name(&text));
        }
    }
}
