//! Results per second on one core. `cargo bench -p rules --bench scoring`; report the machine's load beside them.
//!
//! "Full result": PHQ-9 scored on three scores, banded, critical item judged, quality judged, tier suggested with its
//! reasons, and everything kept from which the trace is made. `expanded` also writes that trace out.

#![expect(clippy::expect_used, reason = "a benchmark that cannot be set up stops")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use rules::scale::wire::{Beside, write_result, write_tier};
use rules::scale::{AnswerSheet, Answers, Respondent, RowReader, Scale};
use rules::triage::{Case, Policy, assess};

fn main() {
    divan::main();
}

const ROWS: usize = 1_000;

fn phq9() -> Scale {
    Scale::parse(include_str!("../../../scales/phq9/1.0.0.json")).expect("PHQ-9")
}

fn policy() -> Policy {
    Policy::parse(include_str!("../policies/triage/default/1.0.0.json")).expect("the default policy")
}

/// Answers of a town, skewed to "not at all", from a fixed seed.
fn codes() -> Vec<[i64; 9]> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 10 {
            0..=5 => 0,
            6 | 7 => 1,
            8 => 2,
            _ => 3,
        }
    };
    (0..ROWS).map(|_| std::array::from_fn(|_| next())).collect()
}

fn sheets(scale: &Scale) -> Vec<AnswerSheet> {
    let sheet = |codes: &[i64; 9]| {
        let mut sheet = scale.blank_sheet();
        for (item, code) in codes.iter().enumerate() {
            sheet.set(item, scale.option_index(item, *code).expect("a printed code"));
        }
        sheet
    };
    codes().iter().map(sheet).collect()
}

#[divan::bench]
fn scored(bencher: Bencher<'_, '_>) {
    let scale = phq9();
    let mut sheets = sheets(&scale);
    let who = Respondent::default();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        for sheet in &mut sheets {
            let _ = black_box(scale.score_sheet(&who, sheet));
        }
    });
}

#[divan::bench]
fn full_result(bencher: Bencher<'_, '_>) {
    let (scale, policy) = (phq9(), policy());
    let mut sheets = sheets(&scale);
    let who = Respondent::default();
    let mut case = Case { live: true, ..Case::default() };
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        for sheet in &mut sheets {
            case.results.clear();
            case.results.extend(scale.score_sheet(&who, sheet).ok().map(Into::into));
            black_box(assess(&policy, &case));
        }
    });
}

#[divan::bench]
fn full_result_with_trace_expanded(bencher: Bencher<'_, '_>) {
    let (scale, policy) = (phq9(), policy());
    let mut sheets = sheets(&scale);
    let who = Respondent::default();
    let mut case = Case { live: true, ..Case::default() };
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        for sheet in &mut sheets {
            let scored = scale.score_sheet(&who, sheet).expect("a form");
            black_box(scored.trace());
            case.results.clear();
            case.results.push(scored.into());
            black_box(assess(&policy, &case));
        }
    });
}

#[divan::bench]
fn by_name(bencher: Bencher<'_, '_>) {
    let scale = phq9();
    let who = Respondent::default();
    let names = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9"];
    let answers: Vec<Answers> = codes()
        .iter()
        .map(|codes| {
            let pairs: [(&str, i64); 9] = std::array::from_fn(|at| (names[at], codes[at]));
            Answers::from(pairs)
        })
        .collect();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        for answers in &answers {
            let _ = black_box(scale.score(&who, answers));
        }
    });
}

/// From a line of JSON to a line of JSON, tier included: what `xindeng score` does with a row.
#[divan::bench]
fn line_to_line(bencher: Bencher<'_, '_>) {
    let (scale, policy) = (phq9(), policy());
    let lines: Vec<String> = (0..)
        .zip(codes())
        .map(|(id, codes)| {
            let answers: Vec<String> =
                (1..).zip(codes).map(|(item, code)| format!("\"q{item}\":{code}")).collect();
            format!(
                "{{\"id\":{id},\"person\":{{\"sex\":\"F\",\"age\":34}},\"answers\":{{{}}}}}",
                answers.join(",")
            )
        })
        .collect();
    let mut reader = RowReader::new(&scale);
    let mut case = Case::default();
    let (mut out, mut tier) = (Vec::new(), Vec::new());
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        out.clear();
        for line in &lines {
            let scored = reader.score(line.as_bytes()).expect("a row");
            case.results.clear();
            case.results.push(scored.clone().into());
            tier.clear();
            write_tier(&policy, &mut assess(&policy, &case), &mut tier);
            write_result(&scored, Beside { id: Some(&reader.row().id), tier: Some(&tier) }, &mut out);
        }
        black_box(&out);
    });
}
