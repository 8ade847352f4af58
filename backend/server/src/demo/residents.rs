//! Two thousand people who do not exist. Their ID numbers have a region that is none (990101) and their phone numbers a
//! segment that nobody was given (154), so that no number is anybody's.

use super::chance::Chance;
use super::city::{City, Home, PEOPLE_OF_A_CLASS, PEOPLE_OF_A_GRID, ROADS};
use super::id;
use crate::people::File;
use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use rules::Private;
use rules::ids::PersonId;
use rules::people::{IdNumber, Modifier, Name, PhoneNumber, Sex, age_on};
use std::collections::BTreeSet;

const SURNAMES: [&str; 60] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何",
    "林", "高", "罗", "郑", "梁", "谢", "宋", "唐", "许", "韩", "冯", "邓", "曹", "彭", "曾", "肖", "田",
    "董", "潘", "袁", "蔡", "蒋", "余", "于", "杜", "叶", "程", "魏", "苏", "吕", "丁", "任", "卢", "姚",
    "沈", "钟", "姜", "崔", "谭", "陆", "范", "欧阳", "司徒",
];
const GIVEN_F: [&str; 40] = [
    "秀兰", "桂芳", "玉珍", "淑华", "丽娟", "春梅", "雪琴", "慧敏", "晓燕", "佳怡", "思雨", "梦瑶", "欣然",
    "语桐", "静", "芳", "颖", "琳", "倩", "岚", "海燕", "红霞", "凤英", "美玲", "文静", "雅琴", "若溪",
    "可欣", "诗涵", "婉清", "素云", "金凤", "巧云", "月娥", "翠萍", "亚男", "冬梅", "晚晴", "念慈", "采薇",
];
const GIVEN_M: [&str; 40] = [
    "建国", "志强", "德明", "国栋", "永康", "家辉", "文斌", "海涛", "俊杰", "浩然", "子轩", "宇航", "明远",
    "思源", "伟", "磊", "刚", "勇", "鹏", "涛", "春生", "福来", "长林", "守义", "立新", "振华", "学文",
    "景行", "承志", "怀安", "大川", "云飞", "启航", "天佑", "正清", "光宗", "少华", "秋实", "望舒", "知行",
];

/// Who stands on the list of the tablet, in this order: name, sex, age, address, circumstance.
const ON_THE_LIST: [(&str, Sex, u32, &str, Option<Modifier>); 10] = [
    ("王秀英", Sex::F, 71, "滨江路 18 号 2 栋 3-501", None),
    ("李国华", Sex::M, 58, "滨江路 22 号 1 栋 1-102", None),
    ("赵小满", Sex::F, 29, "枫井巷 5 号 1-202", Some(Modifier::Perinatal)),
    ("周德厚", Sex::M, 66, "枫井巷 9 号", None),
    ("何佩兰", Sex::F, 63, "滨江路 26 号 3 栋 2-401", None),
    ("孙志远", Sex::M, 41, "枫井巷 12 号 2-301", None),
    ("吴桂芝", Sex::F, 78, "滨江路 30 号 1 栋 1-101", Some(Modifier::Bereaved)),
    ("郑晓岚", Sex::F, 35, "枫井巷 15 号 1-502", None),
    ("冯建业", Sex::M, 52, "滨江路 34 号 2 栋 1-203", None),
    ("许文清", Sex::F, 47, "枫井巷 18 号 3-102", None),
];

#[derive(Debug, Clone)]
pub struct Resident {
    pub file: File,
    pub district: usize,
    pub age: u16,
    /// Place on the list of the tablet.
    pub listed: Option<usize>,
}

pub fn people(city: &City, today: NaiveDate) -> Result<Vec<Resident>, rules::people::Invalid> {
    let mut people = Vec::with_capacity(2_000);
    for home in &city.homes {
        let count = if home.is_class { PEOPLE_OF_A_CLASS } else { PEOPLE_OF_A_GRID };
        for at in 0..count {
            let listed = (home.org == city.grid && at < ON_THE_LIST.len()).then_some(at);
            people.push(resident(home, people.len(), listed, today)?);
        }
    }
    Ok(people)
}

fn resident(
    home: &Home,
    number: usize,
    listed: Option<usize>,
    today: NaiveDate,
) -> Result<Resident, rules::people::Invalid> {
    let mut chance = Chance::of("resident", number);
    let known = listed.and_then(|at| ON_THE_LIST.get(at));
    let sex = match known {
        Some((_, sex, ..)) => *sex,
        None if chance.percent() < 51 => Sex::F,
        None => Sex::M,
    };
    let years = known.map_or_else(|| years(&mut chance, home.is_class), |(_, _, years, ..)| *years);
    let birth_date = born(&mut chance, today, years);
    let name = known.map_or_else(|| invented_name(&mut chance, sex), |(name, ..)| (*name).to_owned());
    let address =
        known.map_or_else(|| invented_address(&mut chance), |(_, _, _, address, _)| (*address).to_owned());
    let modifiers: BTreeSet<Modifier> = match known {
        Some((.., modifier)) => modifier.iter().copied().collect(),
        None => circumstance(&mut chance, sex, years).into_iter().collect(),
    };
    let has_number = known.is_some() || chance.percent() < 80;
    let file = File {
        id: PersonId(id("person", &number.to_string())),
        org: home.org,
        name: Name::parse(&name)?,
        sex,
        birth_date: Some(birth_date),
        phone: (known.is_some() || chance.percent() < 92)
            .then(|| PhoneNumber::parse(&format!("1540{number:07}")))
            .transpose()?,
        id_number: has_number.then(|| id_number(birth_date, sex, number)).flatten(),
        address: Some(Private::new(address)),
        modifiers,
        is_anonymous: false,
    };
    Ok(Resident { file, district: home.district, age: age_on(birth_date, today), listed })
}

fn years(chance: &mut Chance, is_class: bool) -> u32 {
    let years = match chance.percent() {
        _ if is_class => chance.between(15, 18),
        0..8 => chance.between(6, 18),
        8..30 => chance.between(18, 35),
        30..60 => chance.between(35, 55),
        60..88 => chance.between(55, 75),
        _ => chance.between(75, 93),
    };
    u32::try_from(years).unwrap_or(40)
}

/// Somebody of that age today.
fn born(chance: &mut Chance, today: NaiveDate, years: u32) -> NaiveDate {
    let birthday = today.checked_sub_months(Months::new(years * 12)).unwrap_or(today);
    birthday - TimeDelta::days(chance.between(1, 360))
}

fn invented_name(chance: &mut Chance, sex: Sex) -> String {
    let given = if sex == Sex::F { &GIVEN_F } else { &GIVEN_M };
    let (surname, given) = (chance.pick(&SURNAMES), chance.pick(given));
    format!("{}{}", surname.copied().unwrap_or("林"), given.copied().unwrap_or("晓"))
}

fn invented_address(chance: &mut Chance) -> String {
    let road = chance.pick(&ROADS).copied().unwrap_or("滨江路");
    let (house, block) = (chance.between(1, 90), chance.between(1, 6));
    let (stair, floor, door) = (chance.between(1, 4), chance.between(1, 12), chance.between(1, 4));
    format!("{road} {house} 号 {block} 栋 {stair}-{floor}0{door}")
}

fn circumstance(chance: &mut Chance, sex: Sex, years: u32) -> Option<Modifier> {
    match chance.percent() {
        0..6 if sex == Sex::F && (22..40).contains(&years) => Some(Modifier::Perinatal),
        6..9 if years >= 30 => Some(Modifier::Bereaved),
        _ => None,
    }
}

/// Of a region that does not exist, with the right check digit.
fn id_number(birth_date: NaiveDate, sex: Sex, number: usize) -> Option<IdNumber> {
    let day = format!("{:04}{:02}{:02}", birth_date.year(), birth_date.month(), birth_date.day());
    // odd for men; a thousand people may share a birthday before the region has to change
    let order = (number % 500) * 2 + usize::from(sex == Sex::M);
    let region = 990_101 + number / 500;
    let body = format!("{region}{day}{order:03}");
    "0123456789X".chars().find_map(|check| IdNumber::parse(&format!("{body}{check}")).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_thousand_people_with_numbers_that_are_valid_and_nobodys() {
        let today = "2026-11-21".parse().unwrap();
        let city = City::plan();
        let people = people(&city, today).unwrap();
        assert_eq!(people.len(), 2_000);
        let mut numbers = BTreeSet::new();
        for person in &people {
            let file = &person.file;
            if let Some(number) = &file.id_number {
                assert!(number.expose().starts_with("9901"));
                assert!(number.disagreements(file.sex, file.birth_date).is_empty());
                assert!(numbers.insert(number.clone()));
            }
            assert!(file.phone.as_ref().is_none_or(|phone| phone.expose().starts_with("154")));
        }
        assert!(numbers.len() > 1_500);
        let listed: Vec<_> = people
            .iter()
            .filter(|person| person.listed.is_some_and(|at| at < 4))
            .map(|person| (person.file.name.expose().to_owned(), person.age))
            .collect();
        let expected = [("王秀英", 71), ("李国华", 58), ("赵小满", 29), ("周德厚", 66)];
        assert_eq!(listed, expected.map(|(name, age)| (name.to_owned(), age)));
    }
}
