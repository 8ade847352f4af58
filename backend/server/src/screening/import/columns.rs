//! Which column holds what: as the caller says, else by the names of the columns, else by their position.

use rules::scale::Scale;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What a column can hold beside answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// Tells rows apart between imports; not the person's name or number.
    Id,
    Name,
    Sex,
    BirthDate,
    Age,
    Phone,
    IdNumber,
    Address,
    /// When it was answered.
    Date,
}

impl Fact {
    pub const ALL: [Self; 9] = [
        Self::Id,
        Self::Name,
        Self::Sex,
        Self::BirthDate,
        Self::Age,
        Self::Phone,
        Self::IdNumber,
        Self::Address,
        Self::Date,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Sex => "sex",
            Self::BirthDate => "birth_date",
            Self::Age => "age",
            Self::Phone => "phone",
            Self::IdNumber => "id_number",
            Self::Address => "address",
            Self::Date => "date",
        }
    }

    /// How spreadsheets call it.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["编号", "序号"],
            Self::Name => &["姓名"],
            Self::Sex => &["gender", "性别"],
            Self::BirthDate => &["birthday", "birthdate", "出生日期", "出生年月日"],
            Self::Age => &["年龄"],
            Self::Phone => &["mobile", "电话", "手机", "手机号", "联系电话"],
            Self::IdNumber => &["身份证", "身份证号", "身份证号码"],
            Self::Address => &["地址", "住址"],
            Self::Date => &["finished_at", "日期", "筛查日期", "填写日期"],
        }
    }

    fn called(self, column: &str) -> bool {
        let column = column.to_lowercase();
        self.code() == column || self.names().contains(&column.as_str())
    }

    fn find(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fact| fact.code() == code)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    Map,
    Name,
    Position,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub found_by: FoundBy,
    /// Column of each item, in the order of the scale; an optional item may have none.
    pub items: Vec<Option<usize>>,
    facts: BTreeMap<Fact, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadColumns {
    #[error("no column for {}", .0.join(", "))]
    Missing(Vec<String>),
    #[error(
        "no column is called like an item (q1 …), and {columns} columns are not as many as the {items} items; \
         say which is which with a map: q1=column,q2=column"
    )]
    NoneFits { columns: usize, items: usize },
    #[error("the map names a column that the file does not have: {0}")]
    NoColumn(String),
    #[error("the map names what is neither an item nor a fact about a person: {0}")]
    NoField(String),
    #[error("the header has the column {0} twice")]
    Twice(String),
    #[error("two fields are read from the column {0}")]
    Shared(String),
}

impl Columns {
    /// `map` goes from item or fact to column name; an empty column name leaves a fact out.
    pub fn find(
        scale: &Scale,
        header: &[String],
        map: &[(String, String)],
        id_column: Option<&str>,
    ) -> Result<Self, BadColumns> {
        let place = |name: &str| header.iter().position(|column| column == name);
        for (at, name) in header.iter().enumerate() {
            if !name.is_empty() && place(name) != Some(at) {
                return Err(BadColumns::Twice(name.clone()));
            }
        }
        let mut facts = BTreeMap::new();
        let mut mapped: BTreeMap<usize, usize> = BTreeMap::new();
        let mut left_out = Vec::new();
        for (field, column) in map {
            let fact = Fact::find(field);
            if column.is_empty()
                && let Some(fact) = fact
            {
                left_out.push(fact);
                continue;
            }
            let at = place(column).ok_or_else(|| BadColumns::NoColumn(column.clone()))?;
            match (scale.item_index(field), fact) {
                (Some(item), _) => mapped.insert(item, at),
                (None, Some(fact)) => facts.insert(fact, at),
                (None, None) => return Err(BadColumns::NoField(field.clone())),
            };
        }
        if let Some(name) = id_column {
            let at = place(name).ok_or_else(|| BadColumns::NoColumn(name.to_owned()))?;
            facts.insert(Fact::Id, at);
        }
        let mut taken: Vec<usize> = mapped.values().chain(facts.values()).copied().collect();
        taken.sort_unstable();
        if let Some(pair) = taken.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(BadColumns::Shared(header[pair[0]].clone()));
        }
        for fact in Fact::ALL {
            if facts.contains_key(&fact) || left_out.contains(&fact) {
                continue;
            }
            let named = header.iter().enumerate().find(|(at, name)| !taken.contains(at) && fact.called(name));
            if let Some((at, _)) = named {
                facts.insert(fact, at);
                taken.push(at);
            }
        }
        let (found_by, items) = items(scale, header, &mapped, &taken)?;
        Ok(Self { found_by, items, facts })
    }

    pub fn fact<'c>(&self, cells: &'c [String], fact: Fact) -> Option<&'c str> {
        let cell = cells.get(*self.facts.get(&fact)?)?.trim();
        (!is_missing(cell)).then_some(cell)
    }

    /// Item or fact → column, for people to check.
    pub fn named(&self, scale: &Scale, header: &[String]) -> BTreeMap<String, String> {
        let items = scale.definition().items.iter().zip(&self.items);
        let items = items.filter_map(|(item, at)| Some((item.id.clone(), header.get((*at)?)?.clone())));
        let facts = self.facts.iter();
        items
            .chain(facts.filter_map(|(fact, at)| Some((fact.code().to_owned(), header.get(*at)?.clone()))))
            .collect()
    }

    pub fn has(&self, fact: Fact) -> bool {
        self.facts.contains_key(&fact)
    }
}

pub fn is_missing(cell: &str) -> bool {
    matches!(cell, "" | "NA")
}

fn items(
    scale: &Scale,
    header: &[String],
    mapped: &BTreeMap<usize, usize>,
    taken: &[usize],
) -> Result<(FoundBy, Vec<Option<usize>>), BadColumns> {
    let wanted = &scale.definition().items;
    let free: Vec<usize> = (0..header.len()).filter(|at| !taken.contains(at)).collect();
    let by_name = |id: &str| free.iter().copied().find(|at| header[*at].eq_ignore_ascii_case(id));
    let found: Vec<Option<usize>> = wanted
        .iter()
        .enumerate()
        .map(|(item, definition)| mapped.get(&item).copied().or_else(|| by_name(&definition.id)))
        .collect();
    if found.iter().all(Option::is_none) {
        if free.len() == wanted.len() {
            return Ok((FoundBy::Position, free.into_iter().map(Some).collect()));
        }
        return Err(BadColumns::NoneFits { columns: free.len(), items: wanted.len() });
    }
    // an item that is only asked of some people may have no column either
    let is_needed = |item: &rules::scale::definition::Item| {
        !item.optional && !item.unscored && item.show_if.is_none() && item.sex.is_none()
    };
    let missing: Vec<String> = wanted
        .iter()
        .zip(&found)
        .filter(|(item, at)| at.is_none() && is_needed(item))
        .map(|(item, _)| item.id.clone())
        .collect();
    if !missing.is_empty() {
        return Err(BadColumns::Missing(missing));
    }
    Ok((if mapped.is_empty() { FoundBy::Name } else { FoundBy::Map }, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: &str = include_str!("../../../../../scales/gad2/1.0.0.json");

    fn find(header: &[&str], map: &[(&str, &str)]) -> Result<Columns, BadColumns> {
        let header: Vec<String> = header.iter().map(|&name| name.to_owned()).collect();
        let map: Vec<_> = map.iter().map(|&(field, column)| (field.to_owned(), column.to_owned())).collect();
        Columns::find(&Scale::parse(SCALE).unwrap(), &header, &map, None)
    }

    #[test]
    fn names_come_before_positions() {
        let named = find(&["编号", "Q2", "q1", "other", "性别"], &[]).unwrap();
        assert_eq!((named.found_by, named.items.clone()), (FoundBy::Name, vec![Some(2), Some(1)]));
        assert!(named.has(Fact::Id) && named.has(Fact::Sex) && !named.has(Fact::Name));
        let placed = find(&["nervous", "age", "worry"], &[]).unwrap();
        assert_eq!((placed.found_by, placed.items), (FoundBy::Position, vec![Some(0), Some(2)]));
    }

    #[test]
    fn a_map_says_which_is_which_and_can_leave_a_fact_out() {
        let mapped =
            find(&["nervous", "worry", "age"], &[("q2", "nervous"), ("q1", "worry"), ("age", "")]).unwrap();
        assert_eq!((mapped.found_by, mapped.items.clone()), (FoundBy::Map, vec![Some(1), Some(0)]));
        assert!(!mapped.has(Fact::Age));
    }

    #[test]
    fn what_does_not_fit_is_said_with_the_name() {
        assert_eq!(find(&["q1", "x"], &[]), Err(BadColumns::Missing(vec!["q2".to_owned()])));
        assert_eq!(find(&["a", "b", "c"], &[]), Err(BadColumns::NoneFits { columns: 3, items: 2 }));
        assert_eq!(find(&["a", "b"], &[("q1", "z")]), Err(BadColumns::NoColumn("z".to_owned())));
        assert_eq!(find(&["a", "b"], &[("q9", "a")]), Err(BadColumns::NoField("q9".to_owned())));
        assert_eq!(find(&["q1", "q1", "q2"], &[]), Err(BadColumns::Twice("q1".to_owned())));
        let shared = find(&["a", "b"], &[("q1", "a"), ("q2", "a")]);
        assert_eq!(shared, Err(BadColumns::Shared("a".to_owned())));
    }
}
