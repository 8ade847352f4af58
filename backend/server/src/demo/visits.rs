//! What people of the demo city answered: mostly little, sometimes much, rarely something that cannot wait.

use super::chance::Chance;
use rules::scale::Answers;

/// One visit: the questionnaire, and the second look if an answer called for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    pub phq9: Answers,
    pub look: Option<Answers>,
}

/// How a look may end. The two high ones are for the night's alarms only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    AllNo,
    WishToBeDead,
    Method,
    Intent,
    Plan,
}

const ITEMS: [&str; 9] = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9"];

pub fn invented(number: usize) -> Visit {
    let mut chance = Chance::of("visit", number);
    // about what community surveys find, with a little more at the top so that every list has something on it
    let (low, high, ninth_percent) = match chance.percent() {
        0..48 => (0, 5, 0),
        48..74 => (5, 10, 1),
        74..90 => (10, 15, 7),
        90..97 => (15, 20, 18),
        _ => (20, 25, 40),
    };
    let ninth = match chance.percent() {
        percent if percent >= ninth_percent => 0,
        percent if percent % 4 == 0 => 2,
        _ => 1,
    };
    let phq9 = filled(&mut chance, low, high, ninth);
    let look = match (ninth, chance.percent()) {
        // none was due; or it was not made, only after the milder answer, where it has four hours
        (0, _) | (1, 0..8) => None,
        (_, ..50) => Some(Look::AllNo),
        (_, 50..80) => Some(Look::WishToBeDead),
        _ => Some(Look::Method),
    };
    Visit { phq9, look: look.map(c_ssrs) }
}

/// A visit that ends in an alarm.
pub fn red(number: usize, look: Look) -> Visit {
    let mut chance = Chance::of("red", number);
    Visit { phq9: filled(&mut chance, 16, 21, 2), look: Some(c_ssrs(look)) }
}

/// A visit with nothing in it.
pub fn calm(number: usize) -> Visit {
    let mut chance = Chance::of("calm", number);
    Visit { phq9: filled(&mut chance, 1, 4, 0), look: None }
}

/// Item values that come to a total within the bounds, the ninth as given.
fn filled(chance: &mut Chance, low: i64, high: i64, ninth: i64) -> Answers {
    let mut values = [0_i64; 9];
    values[8] = ninth;
    let mut left = (chance.between(low, high) - ninth).clamp(0, 24);
    while left > 0 {
        let at = usize::try_from(chance.between(0, 8)).unwrap_or(0);
        if values[at] < 3 {
            values[at] += 1;
            left -= 1;
        }
    }
    pairs(ITEMS.into_iter().zip(values))
}

fn c_ssrs(look: Look) -> Answers {
    let answers: &[(&str, i64)] = match look {
        Look::AllNo => &[("q1", 0), ("q2", 0), ("q6", 0)],
        Look::WishToBeDead => &[("q1", 1), ("q2", 0), ("q6", 0)],
        Look::Method => &[("q1", 1), ("q2", 1), ("q3", 1), ("q4", 0), ("q5", 0), ("q6", 0)],
        Look::Intent => &[("q1", 1), ("q2", 1), ("q3", 1), ("q4", 1), ("q5", 0), ("q6", 0)],
        Look::Plan => &[("q1", 1), ("q2", 1), ("q3", 1), ("q4", 1), ("q5", 1), ("q6", 0)],
    };
    pairs(answers.iter().copied())
}

fn pairs<'a>(pairs: impl Iterator<Item = (&'a str, i64)>) -> Answers {
    use rules::scale::{Given, definition::Code};
    Answers(pairs.map(|(item, code)| (item.to_owned(), Given::Code(Code::Number(code)))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::scale::{Respondent, Scale};
    use rules::triage::{Case, CaseResult, Policy, SecondLook, SeenAgo, suggest};

    const PHQ9: &str = include_str!("../../../../scales/phq9/1.0.0.json");
    const C_SSRS: &str = include_str!("../../../../scales/c_ssrs_screener/1.0.0.json");
    const POLICY: &str = include_str!("../../../rules/policies/triage/default/1.0.0.json");

    fn tier(visit: &Visit) -> u8 {
        let who = Respondent::default();
        let scored =
            |json, answers| CaseResult::from(Scale::parse(json).unwrap().score(&who, answers).unwrap());
        let mut results = vec![scored(PHQ9, &visit.phq9)];
        results.extend(visit.look.as_ref().map(|look| scored(C_SSRS, look)));
        let case = Case {
            results,
            age: Some(40),
            second_look: SecondLook::Pending,
            seen: SeenAgo { within_2h: true },
            live: true,
            ..Case::default()
        };
        suggest(&Policy::parse(POLICY).unwrap(), &case).tier
    }

    #[test]
    fn most_visits_find_little_and_only_the_red_ones_ring() {
        let mut tiers = [0_usize; 5];
        for number in 0..600 {
            tiers[usize::from(tier(&invented(number)))] += 1;
        }
        assert!((380..470).contains(&(tiers[0] + tiers[1])), "{tiers:?}");
        assert!(tiers[2] > 80 && tiers[3] > 10 && tiers[4] == 0, "{tiers:?}");
        assert_eq!(tier(&red(0, Look::Plan)), 4);
        assert_eq!(tier(&red(1, Look::Intent)), 4);
        assert_eq!(tier(&calm(0)), 0);
    }
}
