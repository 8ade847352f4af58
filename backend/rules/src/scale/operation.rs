//! The closed set of operations, bound to positions. What an option is worth in a score is worked out once, here.

use super::condition::{Bound, Read, Scope};
use super::definition::{Code, Compute, Definition, MissingRule, NormRow, Pool, Test};
use super::finding::Findings;
use super::number::{Number, Rounding};
use super::plan::{PlanItem, PlanScore};
use std::collections::BTreeMap;

pub(super) enum Operation {
    Pool { kind: PoolKind, parts: Vec<Part>, missing: Missing },
    Map { of: u16, times: Number, plus: Number, round: Rounding, clamp: Option<(Number, Number)> },
    Lookup { of: u16, rows: Vec<NormRow> },
    Choose { cases: Vec<(Bound, Number)>, otherwise: Number, known: bool, items: Vec<u16>, scores: Vec<u16> },
    Ref { of: u16 },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PoolKind {
    /// Also counts and weighted sums: their parts are worth what they add.
    Sum,
    Mean,
    Min,
    Max,
}

pub(super) struct Part {
    pub of: Read,
    pub worth: Worth,
    pub keyed: Keyed,
}

/// What a part adds.
pub(super) enum Worth {
    /// By option; `None` is "not applicable".
    Options(Vec<Option<Number>>),
    /// A score's value times this.
    Times(Number),
    /// 1 if a score's value passes.
    Passes(Test),
}

/// How the worth of an item differs from its scored value; for the trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Keyed {
    Plain,
    Reversed,
    Recoded,
    Weighted,
    Tested,
}

pub(super) enum Missing {
    Fail,
    Prorate { limit: Limit, round: Rounding },
    Skip { min_answered: u16 },
}

#[derive(Clone, Copy)]
pub(super) enum Limit {
    MaxMissing(u16),
    MinAnswered(u16),
}

pub(super) struct Binder<'a> {
    pub definition: &'a Definition,
    pub scope: &'a Scope<'a>,
    pub scores: &'a [PlanScore],
    pub path: String,
}

impl Binder<'_> {
    pub fn bind(&self, compute: &Compute, findings: &mut Findings) -> Option<Operation> {
        match compute {
            Compute::Sum(pool) => self.pool(PoolKind::Sum, pool, findings),
            Compute::Mean(pool) => self.pool(PoolKind::Mean, pool, findings),
            Compute::Min(pool) => self.pool(PoolKind::Min, pool, findings),
            Compute::Max(pool) => self.pool(PoolKind::Max, pool, findings),
            Compute::WeightedSum { terms, missing } => {
                let mut parts = Vec::new();
                for term in terms {
                    for of in self.operands(std::slice::from_ref(&term.of), findings)? {
                        parts.push(self.part(
                            of,
                            Keyed::Weighted,
                            |value| value.times(term.times),
                            || Worth::Times(term.times),
                        ));
                    }
                }
                self.pooled(PoolKind::Sum, parts, missing, findings)
            }
            Compute::Count { of, r#where, except, missing } => {
                let parts = self.count(of, r#where, except, findings)?;
                self.pooled(PoolKind::Sum, parts, missing, findings)
            }
            Compute::Map { of, times, plus, round, clamp } => {
                if clamp.is_some_and(|(low, high)| low > high) {
                    findings.add(&self.path, "clamp is [low, high]");
                }
                let of = self.score(of, findings)?;
                Some(Operation::Map { of, times: *times, plus: *plus, round: *round, clamp: *clamp })
            }
            Compute::Lookup { of, norm } => {
                let of = self.score(of, findings)?;
                let Some(norm) = self.definition.norms.get(norm) else {
                    findings.add(&self.path, format!("no norm is called {norm}"));
                    return None;
                };
                Some(Operation::Lookup { of, rows: norm.rows.clone() })
            }
            Compute::Bool { r#if, missing } => {
                let holds = self.scope.bind(r#if, &format!("{}.if", self.path), findings)?;
                self.choose(vec![(holds, Number::ONE)], Number::ZERO, missing, findings)
            }
            Compute::Case { cases, r#else, missing } => {
                let bound: Option<Vec<_>> = cases
                    .iter()
                    .enumerate()
                    .map(|(at, case)| {
                        let path = format!("{}.cases[{at}].if", self.path);
                        self.scope.bind(&case.r#if, &path, findings).map(|when| (when, case.value))
                    })
                    .collect();
                self.choose(bound?, *r#else, missing, findings)
            }
            Compute::Ref { of } => self.score(of, findings).map(|of| Operation::Ref { of }),
        }
    }

    fn pool(&self, kind: PoolKind, pool: &Pool, findings: &mut Findings) -> Option<Operation> {
        let operands = self.operands(&pool.of, findings)?;
        let named = |id: &String| self.scope.names.find(id).filter(|read| operands.contains(read));
        for id in pool.reverse.iter().chain(pool.recode.keys()) {
            if !matches!(named(id), Some(Read::Item(_))) {
                findings.add(&self.path, format!("{id} is reversed or recoded but is no item of this score"));
            }
        }
        for id in &pool.reverse {
            if pool.recode.contains_key(id) {
                findings.add(&self.path, format!("{id} is both reversed and recoded"));
            }
            if self.definition.items.iter().any(|item| item.id == *id && item.reverse) {
                findings.add(&self.path, format!("{id} is reversed twice: by the item and by this score"));
            }
        }
        let reversed: Vec<Read> = pool.reverse.iter().filter_map(named).collect();
        let mut recoded = BTreeMap::new();
        for (id, table) in &pool.recode {
            if let Some(Read::Item(item)) = named(id) {
                recoded
                    .insert(item, self.recoding(id, &self.scope.items[usize::from(item)], table, findings));
            }
        }
        let parts = operands
            .iter()
            .map(|of| match of {
                Read::Item(item) if recoded.contains_key(item) => {
                    let worth = recoded.remove(item).unwrap_or_default();
                    Part { of: *of, worth: Worth::Options(worth), keyed: Keyed::Recoded }
                }
                Read::Item(item) if reversed.contains(of) => {
                    let ends = self.scope.items[usize::from(*item)].ends();
                    self.part(*of, Keyed::Reversed, |value| ends.minus(value), || Worth::Times(Number::ONE))
                }
                _ => self.part(*of, Keyed::Plain, |value| value, || Worth::Times(Number::ONE)),
            })
            .collect();
        self.pooled(kind, parts, &pool.missing, findings)
    }

    fn recoding(
        &self,
        id: &str,
        item: &PlanItem,
        table: &BTreeMap<String, Number>,
        findings: &mut Findings,
    ) -> Vec<Option<Number>> {
        let text = |code: &Code| match code {
            Code::Number(number) => number.to_string(),
            Code::Word(word) => word.clone(),
        };
        for code in table.keys() {
            if !item.options.iter().any(|option| text(&option.code) == *code) {
                findings.add(&self.path, format!("{id} has no option {code} to recode"));
            }
        }
        item.options
            .iter()
            .map(|option| {
                let value = table.get(&text(&option.code)).copied();
                if value.is_none() && option.value.is_some() {
                    findings.add(&self.path, format!("{id}: option {} is not recoded", text(&option.code)));
                }
                value
            })
            .collect()
    }

    fn count(
        &self,
        of: &[String],
        test: &Test,
        except: &BTreeMap<String, Test>,
        findings: &mut Findings,
    ) -> Option<Vec<Part>> {
        let operands = self.operands(of, findings)?;
        let mut exceptions: Vec<(Read, &Test)> = Vec::new();
        for (id, test) in except {
            match self.scope.names.find(id).filter(|read| operands.contains(read)) {
                Some(read) => exceptions.push((read, test)),
                None => findings.add(&self.path, format!("{id} is excepted but not counted")),
            }
        }
        let part = |of: &Read| {
            let test = exceptions.iter().find(|(read, _)| read == of).map_or(test, |(_, test)| test);
            let one_if = |value| if test.passes(value) { Number::ONE } else { Number::ZERO };
            self.part(*of, Keyed::Tested, one_if, || Worth::Passes(test.clone()))
        };
        Some(operands.iter().map(part).collect())
    }

    fn part(
        &self,
        of: Read,
        keyed: Keyed,
        of_item: impl Fn(Number) -> Number,
        of_score: impl Fn() -> Worth,
    ) -> Part {
        let worth = match of {
            Read::Item(item) => Worth::Options(
                self.scope.items[usize::from(item)].options.iter().map(|o| o.value.map(&of_item)).collect(),
            ),
            Read::Score(_) | Read::Person => of_score(),
        };
        Part { of, worth, keyed }
    }

    fn pooled(
        &self,
        kind: PoolKind,
        parts: Vec<Part>,
        rule: &MissingRule,
        findings: &mut Findings,
    ) -> Option<Operation> {
        let size = u16::try_from(parts.len()).unwrap_or(u16::MAX);
        let within = |limit: u16| (1..=size).contains(&limit);
        let missing = match rule {
            MissingRule::Fail {} => Missing::Fail,
            MissingRule::Prorate { max_missing, min_answered, round, .. } => {
                let limit = match (max_missing, min_answered) {
                    (Some(most), None) if *most < size => Some(Limit::MaxMissing(*most)),
                    (None, Some(least)) if within(*least) => Some(Limit::MinAnswered(*least)),
                    _ => None,
                };
                match limit {
                    Some(limit) if kind == PoolKind::Sum => Missing::Prorate { limit, round: *round },
                    Some(_) => {
                        findings.add(&self.path, "only a sum is prorated; a mean skips");
                        return None;
                    }
                    None => {
                        findings
                            .add(&self.path, "give max_missing or min_answered, within the number of items");
                        return None;
                    }
                }
            }
            MissingRule::Skip { min_answered, .. } if within(*min_answered) => {
                Missing::Skip { min_answered: *min_answered }
            }
            MissingRule::Skip { .. } => {
                findings.add(&self.path, "min_answered is between 1 and the number of items");
                return None;
            }
            MissingRule::Known {} => {
                findings.add(&self.path, "the rule `known` is for bool and case");
                return None;
            }
        };
        Some(Operation::Pool { kind, parts, missing })
    }

    fn choose(
        &self,
        cases: Vec<(Bound, Number)>,
        otherwise: Number,
        missing: &MissingRule,
        findings: &mut Findings,
    ) -> Option<Operation> {
        let known = match missing {
            MissingRule::Fail {} => false,
            MissingRule::Known {} => true,
            MissingRule::Prorate { .. } | MissingRule::Skip { .. } => {
                findings.add(&self.path, "bool and case know the rules `fail` and `known`");
                return None;
            }
        };
        let (mut items, mut scores) = (Vec::new(), Vec::new());
        for (when, _) in &cases {
            when.reads(&mut |read| match read {
                Read::Item(item) if !items.contains(&item) => items.push(item),
                Read::Score(score) if !scores.contains(&score) => scores.push(score),
                Read::Item(_) | Read::Score(_) | Read::Person => {}
            });
        }
        Some(Operation::Choose { cases, otherwise, known, items, scores })
    }

    fn score(&self, id: &str, findings: &mut Findings) -> Option<u16> {
        match self.operand(id, findings)? {
            Read::Score(score) => Some(score),
            Read::Item(_) | Read::Person => {
                findings.add(&self.path, format!("{id} is an item; take a sum of it first"));
                None
            }
        }
    }

    fn operand(&self, id: &str, findings: &mut Findings) -> Option<Read> {
        match self.scope.names.find(id) {
            Some(Read::Score(score)) if usize::from(score) >= self.scores.len() => {
                findings.add(&self.path, format!("the score {id} does not stand above"));
                None
            }
            None => {
                findings.add(&self.path, format!("nothing is called {id}"));
                None
            }
            read => read,
        }
    }

    /// Names and runs (`q1..q9`), each once.
    fn operands(&self, of: &[String], findings: &mut Findings) -> Option<Vec<Read>> {
        let mut reads = Vec::new();
        for name in of {
            let run = match name.split_once("..") {
                None => vec![self.operand(name, findings)?],
                Some((first, last)) => {
                    match (self.operand(first, findings)?, self.operand(last, findings)?) {
                        (Read::Item(first), Read::Item(last)) if first < last => {
                            (first..=last).map(Read::Item).collect()
                        }
                        _ => {
                            findings.add(&self.path, format!("{name} is no run of items"));
                            return None;
                        }
                    }
                }
            };
            for read in run {
                if reads.contains(&read) {
                    findings.add(&self.path, format!("{name} names something a second time"));
                }
                reads.push(read);
            }
        }
        if reads.is_empty() {
            findings.add(&self.path, "`of` is empty");
            return None;
        }
        Some(reads)
    }
}

impl PlanItem {
    /// Lowest + highest value: what reversing subtracts from.
    fn ends(&self) -> Number {
        let values = || self.options.iter().filter_map(|option| option.value);
        match (values().min(), values().max()) {
            (Some(lowest), Some(highest)) => lowest.plus(highest),
            _ => Number::ZERO,
        }
    }
}
