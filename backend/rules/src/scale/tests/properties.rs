//! What must hold for any answers to any shipped scale.

use super::super::definition::{Code, Compute, MissingRule};
use super::super::{Answers, Given, Library, Respondent, Scale, Scored, Status};
use super::shipped;
use crate::people::Sex;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static LIBRARY: LazyLock<Library> = LazyLock::new(shipped::library);

/// A scale, a person, and for each item a number to choose an option by (`None`: unanswered).
fn anybody() -> impl Strategy<Value = (&'static Scale, Respondent, Vec<Option<usize>>)> {
    let scales: Vec<&'static Scale> = LIBRARY.all_newest().collect();
    let sex = prop_oneof![Just(None), Just(Some(Sex::F)), Just(Some(Sex::M))];
    let who = (sex, prop::option::of(0_u16..110)).prop_map(|(sex, age)| Respondent {
        sex,
        age,
        education_years: None,
    });
    let choice = prop_oneof![1 => Just(None), 9 => (0_usize..64).prop_map(Some)];
    (prop::sample::select(scales), who, prop::collection::vec(choice, 100))
}

/// Answers as the form allows them: what turns out to be hidden is left out.
fn answer(scale: &Scale, who: &Respondent, choices: &[Option<usize>]) -> (Answers, Scored) {
    let mut given = BTreeMap::new();
    for (item, choice) in scale.definition().items.iter().zip(choices) {
        let options = &scale.definition().options[&item.options];
        if let Some(choice) = choice {
            given.insert(item.id.clone(), Given::Code(options[choice % options.len()].code.clone()));
        }
    }
    loop {
        match scale.score(who, &Answers(given.clone())) {
            Ok(scored) => return (Answers(given), scored),
            Err(error) => {
                assert_eq!(error.reason.code(), "hidden", "{error}");
                given.remove(&error.item).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_score_lies_in_its_range_and_has_a_band_only_with_a_value((scale, who, choices) in anybody()) {
        let (_, scored) = answer(scale, &who, &choices);
        for score in scored.scores() {
            let (low, high) = score.rule().range;
            match score.status {
                Status::Scored | Status::Prorated => {
                    let value = score.value.expect("a value");
                    prop_assert!(low <= value && value <= high, "{} {} = {value}", scale.code(), score.id);
                }
                Status::Incomplete | Status::Invalid => {
                    prop_assert!(score.value.is_none() && score.band.is_none(), "{} {}", scale.code(), score.id);
                }
            }
            if let Some((_, band)) = score.band_rule() {
                let value = score.value.unwrap();
                prop_assert!(band.from <= value && band.to.is_none_or(|to| value <= to));
            }
        }
    }

    #[test]
    fn the_order_of_answers_does_not_matter((scale, who, choices) in anybody()) {
        let (answers, scored) = answer(scale, &who, &choices);
        let mut reader = super::super::RowReader::new(scale);
        let mut fields: Vec<String> = answers.0.iter()
            .map(|(id, given)| format!("{id:?}:{}", serde_json::to_string(given).unwrap())).collect();
        fields.reverse();
        let person = serde_json::to_string(&who).unwrap();
        let line = format!("{{\"answers\":{{{}}},\"person\":{person}}}", fields.join(","));
        let again = reader.score(line.as_bytes()).unwrap();
        let json = |scored: &Scored| super::super::wire::result_json(scored, super::super::wire::Beside::default());
        prop_assert_eq!(json(&scored), json(&again));
    }

    /// Taking answers away may leave a score incomplete. Where the rule is to fail or to decide by what is known, it
    /// never leaves another value that is lower; and no critical answer that is still there falls silent.
    #[test]
    fn a_missing_answer_never_makes_somebody_look_better((scale, who, choices) in anybody(), lost in 0_usize..100) {
        let (answers, before) = answer(scale, &who, &choices);
        let Some(id) = answers.0.keys().nth(lost % answers.0.len().max(1)).cloned() else { return Ok(()) };
        let mut fewer = answers.clone();
        fewer.0.remove(&id);
        let Ok(after) = scale.score(&who, &fewer) else { return Ok(()) };
        for (old, new) in before.scores().zip(after.scores()) {
            let strict = !matches!(rule(&old.rule().compute), Some(MissingRule::Prorate { .. } | MissingRule::Skip { .. }));
            if strict && new.value.is_some() && old.value.is_some() {
                prop_assert!(new.value >= old.value, "{} {} without {id}", scale.code(), old.id);
            }
        }
        for hit in before.critical().filter(|hit| hit.id != id && answers.0.contains_key(hit.id)) {
            prop_assert!(after.critical().any(|other| other.id == hit.id), "{} {} fell silent", scale.code(), hit.id);
        }
    }

    #[test]
    fn a_code_that_is_not_printed_is_refused((scale, _, choices) in anybody(), item in 0_usize..100) {
        let item = &scale.definition().items[item % scale.definition().items.len()];
        let printed = &scale.definition().options[&item.options];
        let code = i64::try_from(choices[0].unwrap_or(40)).unwrap();
        prop_assume!(!printed.iter().any(|option| option.code == Code::Number(code)));
        let error = scale.score(&Respondent::default(), &Answers::from([(item.id.as_str(), code)])).unwrap_err();
        prop_assert_eq!(&error.item, &item.id);
    }
}

fn rule(compute: &Compute) -> Option<&MissingRule> {
    match compute {
        Compute::Sum(pool) | Compute::Mean(pool) | Compute::Min(pool) | Compute::Max(pool) => {
            Some(&pool.missing)
        }
        Compute::WeightedSum { missing, .. }
        | Compute::Count { missing, .. }
        | Compute::Bool { missing, .. }
        | Compute::Case { missing, .. } => Some(missing),
        Compute::Map { .. } | Compute::Lookup { .. } | Compute::Ref { .. } => None,
    }
}

#[test]
fn an_empty_form_of_any_scale_has_no_value_and_no_band() {
    for scale in LIBRARY.all() {
        let scored = scale.score(&Respondent::default(), &Answers::default()).unwrap();
        for score in scored.scores() {
            assert_eq!(
                (score.value, score.status, score.band),
                (None, Status::Incomplete, None),
                "{} {}",
                scale.code(),
                score.id
            );
        }
        assert_eq!(scored.critical().count(), 0, "{}", scale.code());
    }
}
