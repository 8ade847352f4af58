//! One line of a table as a person and their answers. A reason never repeats a value.

use super::columns::{Columns, Fact, is_missing};
use crate::people::{File, PutPerson};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use rules::Private;
use rules::ids::{OrgId, PersonId};
use rules::people::IdNumber;
use rules::scale::definition::Code;
use rules::scale::{AnswerReason, Answers, Given, Respondent, Scale, Scored};
use uuid::Uuid;

/// Why a row was left out: the field and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub field: String,
    pub reason: String,
}

impl Refusal {
    pub fn new(field: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self { field: field.into(), reason: format!("{reason}") }
    }
}

/// What reading needs to know beside the row.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub scale: &'a Scale,
    pub columns: &'a Columns,
    pub org: OrgId,
    pub zone: Tz,
    pub today: NaiveDate,
    pub now: DateTime<Utc>,
}

/// Answers as they will be submitted, already scored once.
#[derive(Debug, Clone)]
pub struct Read {
    pub answers: Answers,
    pub scored: Scored,
    /// answers to questions that are not asked of this person, left out
    pub blanked: usize,
    pub finished_at: Option<DateTime<Utc>>,
}

/// Who answered, and under which id a new file would be opened.
pub fn read_person(frame: &Frame<'_>, cells: &[String], id: PersonId) -> Result<File, Refusal> {
    let fact = |fact| frame.columns.fact(cells, fact);
    let text = |which| fact(which).map(|text| Private::new(text.to_owned()));
    let date = fact(Fact::Date).map(|text| day_of(frame, text)).transpose()?.unwrap_or(frame.today);
    let age = fact(Fact::Age).map(read_age).transpose()?;
    let name = text(Fact::Name);
    let is_anonymous = name.is_none();
    if is_anonymous
        && [Fact::Phone, Fact::IdNumber, Fact::Address].into_iter().any(|which| fact(which).is_some())
    {
        return Err(Refusal::new("name", "missing, although something else tells who it is"));
    }
    let birth_date = match fact(Fact::BirthDate) {
        Some(text) => {
            Some(read_date(text).ok_or_else(|| Refusal::new("birth_date", "no date like 1990-01-31"))?)
        }
        // an ID number knows it exactly
        None if fact(Fact::IdNumber).is_some() => None,
        None => age.and_then(|age| born_around(date, age)),
    };
    let draft = PutPerson {
        name: name.unwrap_or_else(|| Private::new(label(id))),
        sex: fact(Fact::Sex).map(read_sex).transpose()?,
        birth_date,
        org_id: frame.org.0,
        phone: text(Fact::Phone),
        id_number: text(Fact::IdNumber),
        address: text(Fact::Address),
        modifiers: Vec::new(),
    };
    let file = draft.parse(id, frame.today).map_err(|problem| {
        problem.errors().first().map_or_else(
            || Refusal::new("", "the person cannot be read"),
            |error| Refusal::new(error.field.clone(), &error.reason),
        )
    })?;
    Ok(File { is_anonymous, ..file })
}

/// Not a name: it only tells rows of a list apart.
fn label(id: PersonId) -> String {
    let hex = id.0.simple().to_string();
    format!("匿名 {}", hex[hex.len() - 6..].to_uppercase())
}

/// The ID number of a row, for finding the person's file before opening a new one.
pub fn id_number(columns: &Columns, cells: &[String]) -> Option<IdNumber> {
    columns.fact(cells, Fact::IdNumber).and_then(|text| IdNumber::parse(text).ok())
}

pub fn read_answers(frame: &Frame<'_>, cells: &[String], who: &Respondent) -> Result<Read, Refusal> {
    let mut answers = Answers::default();
    for (item, at) in frame.scale.definition().items.iter().zip(&frame.columns.items) {
        let cell = at.and_then(|at| cells.get(at)).map_or("", |cell| cell.trim());
        if !is_missing(cell) {
            answers.0.insert(item.id.clone(), Given::Code(code(cell)));
        }
    }
    if answers.0.is_empty() {
        return Err(Refusal::new("answers", "none of the questions is answered"));
    }
    let (scored, blanked) = score(frame.scale, who, &mut answers)?;
    let finished_at = frame.columns.fact(cells, Fact::Date).map(|text| moment(frame, text)).transpose()?;
    Ok(Read { answers, scored, blanked, finished_at })
}

/// Spreadsheets and paper forms often carry a 0 where nothing was asked (the questions behind a skip); such answers
/// are left out and counted.
fn score(scale: &Scale, who: &Respondent, answers: &mut Answers) -> Result<(Scored, usize), Refusal> {
    let mut blanked = 0;
    loop {
        match scale.score(who, answers) {
            Ok(scored) => return Ok((scored, blanked)),
            Err(error) if error.reason == AnswerReason::Hidden && answers.0.remove(&error.item).is_some() => {
                blanked += 1;
            }
            Err(error) => return Err(Refusal::new(error.item, error.reason)),
        }
    }
}

/// `2`, and `2.0` as data frames write it, are numbers; anything else is a word.
fn code(cell: &str) -> Code {
    let whole = match cell.split_once('.') {
        Some((whole, decimals)) if !decimals.is_empty() && decimals.bytes().all(|byte| byte == b'0') => whole,
        _ => cell,
    };
    whole.parse().map_or_else(|_| Code::Word(cell.to_owned()), Code::Number)
}

fn read_sex(text: &str) -> Result<String, Refusal> {
    match text.to_lowercase().as_str() {
        "f" | "female" | "女" | "女性" => Ok("F".to_owned()),
        "m" | "male" | "男" | "男性" => Ok("M".to_owned()),
        "u" | "unknown" | "未知" | "不详" => Ok("U".to_owned()),
        _ => Err(Refusal::new("sex", "one of F, M, U, 女, 男; a code such as 1 or 2 has to be spelt out")),
    }
}

fn read_age(text: &str) -> Result<u16, Refusal> {
    let years = text.strip_suffix("岁").unwrap_or(text).trim();
    let years = years.strip_suffix(".0").unwrap_or(years);
    years
        .parse()
        .ok()
        .filter(|years| *years <= 130)
        .ok_or_else(|| Refusal::new("age", "whole years, 0 to 130"))
}

/// Somebody of this age on that day was born half a year around here: the estimate that is never more than half a
/// year off.
fn born_around(day: NaiveDate, age: u16) -> Option<NaiveDate> {
    day.checked_sub_months(chrono::Months::new(u32::from(age) * 12 + 6))
}

fn read_date(text: &str) -> Option<NaiveDate> {
    let text = text.split([' ', 'T']).next().unwrap_or(text);
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"]
        .into_iter()
        .find_map(|format| NaiveDate::parse_from_str(text, format).ok())
}

fn read_time(text: &str) -> Option<NaiveDateTime> {
    let (_, time) = text.split_once([' ', 'T'])?;
    let time = ["%H:%M:%S%.f", "%H:%M"]
        .into_iter()
        .find_map(|format| NaiveTime::parse_from_str(time, format).ok())?;
    Some(read_date(text)?.and_time(time))
}

fn day_of(frame: &Frame<'_>, text: &str) -> Result<NaiveDate, Refusal> {
    Ok(moment(frame, text)?.with_timezone(&frame.zone).date_naive())
}

/// A day without a time of day is its noon, which is the same day everywhere in the tenant; today's is now.
fn moment(frame: &Frame<'_>, text: &str) -> Result<DateTime<Utc>, Refusal> {
    let wrong = || Refusal::new("date", "no date like 2026-01-31 or 2026-01-31 14:30");
    if let Ok(exact) = DateTime::parse_from_rfc3339(text) {
        return Ok(exact.to_utc());
    }
    let local = match read_time(text) {
        Some(local) => local,
        None => read_date(text).ok_or_else(wrong)?.and_time(NaiveTime::MIN) + TimeDelta::hours(12),
    };
    let at = frame.zone.from_local_datetime(&local).earliest().ok_or_else(wrong)?.to_utc();
    if at > frame.now {
        if read_time(text).is_none() && local.date() == frame.today {
            return Ok(frame.now);
        }
        return Err(Refusal::new("date", "lies in the future"));
    }
    Ok(at)
}

/// The same row of the same import gives the same ids, so that a second run finds the first.
pub fn derived_id(space: Uuid, kind: &str, key: &[u8]) -> Uuid {
    Uuid::new_v5(&space, &[kind.as_bytes(), b":", key].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame_of<'a>(scale: &'a Scale, columns: &'a Columns) -> Frame<'a> {
        let now: DateTime<Utc> = "2026-11-21T02:00:00Z".parse().unwrap();
        Frame {
            scale,
            columns,
            org: OrgId(Uuid::nil()),
            zone: chrono_tz::Asia::Shanghai,
            today: "2026-11-21".parse().unwrap(),
            now,
        }
    }

    fn cells(line: &str) -> Vec<String> {
        line.split(',').map(str::to_owned).collect()
    }

    fn reading<T>(scale: &str, header: &str, work: impl FnOnce(&Frame<'_>) -> T) -> T {
        let scale = Scale::parse(scale).unwrap();
        let columns = Columns::find(&scale, &cells(header), &[], None).unwrap();
        work(&frame_of(&scale, &columns))
    }

    const GAD2: &str = include_str!("../../../../../scales/gad2/1.0.0.json");
    const C_SSRS: &str = include_str!("../../../../../scales/c_ssrs_screener/1.0.0.json");

    #[test]
    fn missing_is_left_out_and_an_answer_out_of_range_names_the_item_and_not_the_value() {
        let read = |line: &str| {
            reading(GAD2, "q1,q2", |frame| read_answers(frame, &cells(line), &Respondent::default()))
        };
        assert_eq!(read("1,NA").unwrap().answers.0.len(), 1);
        assert_eq!(read("1.0,3").unwrap().answers, Answers::from([("q1", 1), ("q2", 3)]));
        let refused = read("1,77").unwrap_err();
        assert_eq!(refused.field, "q2");
        assert!(!refused.reason.contains("77"), "{}", refused.reason);
        assert_eq!(read("NA,").unwrap_err().field, "answers");
    }

    #[test]
    fn zeros_behind_a_skip_are_left_out_and_counted() {
        let read = reading(C_SSRS, "q1,q2,q3,q4,q5,q6,q6a", |frame| {
            read_answers(frame, &cells("0,0,0,0,0,0,0"), &Respondent::default())
        })
        .unwrap();
        assert_eq!(read.blanked, 4);
        assert_eq!(read.answers, Answers::from([("q1", 0), ("q2", 0), ("q6", 0)]));
    }

    #[test]
    fn a_row_without_a_name_is_an_anonymous_person_with_what_is_known() {
        let id = PersonId(Uuid::from_u128(0x00ab_cdef));
        let file =
            reading(GAD2, "q1,q2,age,sex", |frame| read_person(frame, &cells("1,1,15,女"), id)).unwrap();
        assert!(file.is_anonymous && file.name.expose() == "匿名 ABCDEF");
        assert_eq!(file.sex.code(), "F");
        let today: NaiveDate = "2026-11-21".parse().unwrap();
        assert_eq!(file.birth_date.map(|date| rules::people::age_on(date, today)), Some(15));
    }

    #[test]
    fn facts_that_cannot_be_are_refused_with_their_field() {
        let id = PersonId(Uuid::nil());
        for (line, field) in [
            ("林晓,1990-02-30,,", "birth_date"),
            ("林晓,2030-01-01,,", "birth_date"),
            ("林晓,,110105194912310021,", "id_number"),
            (",,11010519491231002X,", "name"),
            ("林晓,,,2", "sex"),
        ] {
            let refused = reading(GAD2, "姓名,出生日期,身份证号,性别,q1,q2", |frame| {
                read_person(frame, &cells(&format!("{line},1,1")), id)
            });
            assert_eq!(refused.unwrap_err().field, field, "{line}");
        }
    }

    #[test]
    fn dates_are_read_in_the_zone_of_the_tenant() {
        let at = |text: &str| {
            reading(GAD2, "q1,q2", |frame| moment(frame, text))
                .map(|at| at.to_string())
                .map_err(|no| no.reason)
        };
        assert_eq!(at("2026-11-20").unwrap(), "2026-11-20 04:00:00 UTC");
        assert_eq!(at("2026/11/20 09:30").unwrap(), "2026-11-20 01:30:00 UTC");
        assert_eq!(at("2026-11-20T09:30:00+08:00").unwrap(), "2026-11-20 01:30:00 UTC");
        assert_eq!(at("2026-11-21").unwrap(), "2026-11-21 02:00:00 UTC");
        assert!(at("2026-11-22").is_err() && at("yesterday").is_err());
    }
}
