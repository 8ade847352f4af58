//! What somebody writes about a person, parsed at the door: every wrong field is named at once, no value is repeated.

use crate::platform::Problem;
use axum::http::StatusCode;
use chrono::NaiveDate;
use rules::Private;
use rules::ids::{OrgId, PersonId};
use rules::people::{BirthDate, IdNumber, Modifier, Name, PhoneNumber, Sex};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;
use uuid::Uuid;

const MAX_ADDRESS_CHARS: usize = 200;

/// A person as first written down. What is not known yet may be added later.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutPerson {
    #[schema(value_type = String)]
    pub name: Private<String>,
    /// `F`, `M` or `U`.
    #[serde(default)]
    pub sex: Option<String>,
    #[serde(default)]
    pub birth_date: Option<NaiveDate>,
    pub org_id: Uuid,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Private<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub id_number: Option<Private<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub address: Option<Private<String>>,
    /// `perinatal`, `bereaved`, `discharged_30d`.
    #[serde(default)]
    pub modifiers: Vec<String>,
}

/// What is changed in a person's file: a field left out stays as it is, an empty phone or address is taken away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AmendPerson {
    pub(super) expected_version: i64,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Option<Private<String>>,
    #[serde(default)]
    sex: Option<String>,
    #[serde(default)]
    birth_date: Option<NaiveDate>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Option<Private<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    id_number: Option<Private<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    address: Option<Private<String>>,
    #[serde(default)]
    modifiers: Option<Vec<String>>,
}

/// Everything that is known about one person, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    pub id: PersonId,
    pub org: OrgId,
    pub name: Name,
    pub sex: Sex,
    pub birth_date: Option<NaiveDate>,
    pub phone: Option<PhoneNumber>,
    pub id_number: Option<IdNumber>,
    pub address: Option<Private<String>>,
    pub modifiers: BTreeSet<Modifier>,
    /// the name is a label, given because nobody knows or may know who it is
    pub is_anonymous: bool,
}

impl PutPerson {
    pub fn parse(self, id: PersonId, today: NaiveDate) -> Result<File, Problem> {
        let mut door = Door::new(today);
        let name = door.name(&self.name);
        let sex = door.sex(self.sex.as_deref()).unwrap_or_default();
        let birth_date = door.birth_date(self.birth_date);
        let phone = door.phone(self.phone);
        let id_number = door.id_number(self.id_number);
        let address = door.address(self.address);
        let modifiers = door.modifiers(&self.modifiers);
        let Some(name) = name else { return Err(door.refusal()) };
        let org = OrgId(self.org_id);
        let file = File {
            id,
            org,
            name,
            sex,
            birth_date,
            phone,
            id_number,
            address,
            modifiers,
            is_anonymous: false,
        };
        door.close(file)
    }
}

impl AmendPerson {
    /// Says which fields were named, for the record of the change.
    pub fn apply(self, file: &File, today: NaiveDate) -> Result<(File, Vec<&'static str>), Problem> {
        let mut door = Door::new(today);
        let mut file = file.clone();
        let mut named = Vec::new();
        if let Some(name) = self.name {
            if let Some(name) = door.name(&name) {
                file.name = name;
            }
            file.is_anonymous = false;
            named.push("name");
        }
        if let Some(sex) = self.sex {
            file.sex = door.sex(Some(&sex)).unwrap_or_default();
            named.push("sex");
        }
        if self.birth_date.is_some() {
            file.birth_date = door.birth_date(self.birth_date);
            named.push("birth_date");
        }
        if self.phone.is_some() {
            file.phone = door.phone(self.phone);
            named.push("phone");
        }
        if self.id_number.is_some() {
            file.id_number = door.id_number(self.id_number);
            named.push("id_number");
        }
        if self.address.is_some() {
            file.address = door.address(self.address);
            named.push("address");
        }
        if let Some(modifiers) = self.modifiers {
            file.modifiers = door.modifiers(&modifiers);
            named.push("modifiers");
        }
        Ok((door.close(file)?, named))
    }
}

/// Collects what is wrong with a form.
struct Door {
    today: NaiveDate,
    wrong: Vec<(&'static str, String)>,
}

impl Door {
    const fn new(today: NaiveDate) -> Self {
        Self { today, wrong: Vec::new() }
    }

    fn take<T, E: ToString>(&mut self, field: &'static str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|error| self.wrong.push((field, error.to_string()))).ok()
    }

    fn name(&mut self, text: &Private<String>) -> Option<Name> {
        self.take("name", Name::parse(text.expose()))
    }

    fn sex(&mut self, code: Option<&str>) -> Option<Sex> {
        let parsed = code.unwrap_or_default().parse::<Sex>().map_err(|_| "one of F, M, U");
        self.take("sex", parsed)
    }

    fn birth_date(&mut self, date: Option<NaiveDate>) -> Option<NaiveDate> {
        let today = self.today;
        let parsed = date.map(|date| BirthDate::parse(date, today).map(BirthDate::date)).transpose();
        self.take("birth_date", parsed).flatten()
    }

    fn phone(&mut self, text: Option<Private<String>>) -> Option<PhoneNumber> {
        let parsed = filled(text).map(|text| PhoneNumber::parse(text.expose())).transpose();
        self.take("phone", parsed).flatten()
    }

    fn id_number(&mut self, text: Option<Private<String>>) -> Option<IdNumber> {
        let parsed = filled(text).map(|text| IdNumber::parse(text.expose())).transpose();
        self.take("id_number", parsed).flatten()
    }

    fn address(&mut self, text: Option<Private<String>>) -> Option<Private<String>> {
        let text = filled(text)?.map(|text| text.trim().to_owned());
        if text.expose().chars().count() > MAX_ADDRESS_CHARS || text.expose().chars().any(char::is_control) {
            self.wrong.push(("address", format!("at most {MAX_ADDRESS_CHARS} characters on one line")));
        }
        Some(text)
    }

    fn modifiers(&mut self, codes: &[String]) -> BTreeSet<Modifier> {
        let parsed = codes.iter().map(|code| code.parse()).collect::<Result<_, _>>();
        self.take("modifiers", parsed).unwrap_or_default()
    }

    /// An ID number tells sex and birth date where nothing else is said. Where something else is said and differs,
    /// one of the two is mistyped, and only a person can see which.
    fn complete_from_id_number(&mut self, file: &mut File) {
        let Some(number) = &file.id_number else { return };
        for disagreement in number.disagreements(file.sex, file.birth_date) {
            self.wrong.push(("id_number", disagreement.to_string()));
        }
        file.birth_date = file.birth_date.or_else(|| number.birth_date());
        if file.birth_date.is_some_and(|date| date > self.today) {
            self.wrong.push(("id_number", "its birth date lies in the future".to_owned()));
        }
        if file.sex == Sex::Unknown {
            file.sex = number.sex();
        }
    }

    fn close(mut self, mut file: File) -> Result<File, Problem> {
        self.complete_from_id_number(&mut file);
        if self.wrong.is_empty() { Ok(file) } else { Err(self.refusal()) }
    }

    fn refusal(self) -> Problem {
        let title = "The request says something that cannot be";
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title);
        self.wrong.into_iter().fold(problem, |problem, (field, reason)| problem.field(field, reason))
    }
}

fn filled(text: Option<Private<String>>) -> Option<Private<String>> {
    text.filter(|text| !text.expose().trim().is_empty())
}
