//! Many rows through the pipeline: order, line numbers, broken rows.

use super::chunks::LONGEST_LINE;
use super::pipeline::Job;
use super::rows::{Format, Tally};
use rules::scale::{Columns, Scale};
use rules::triage::Policy;
use serde_json::Value;
use std::fmt::Write;

fn run(input: &str, is_csv: bool, format: Format, threads: usize) -> (String, Tally) {
    let scale = Scale::parse(include_str!("../../../../../scales/phq2/1.0.0.json")).unwrap();
    let policy = Policy::parse(super::SHIPPED_POLICY).unwrap();
    let (header, rows) = if is_csv { input.split_once('\n').unwrap() } else { ("", input) };
    let columns = is_csv.then(|| Columns::of(&scale, header.as_bytes()).unwrap());
    let job = Job { scale: &scale, policy: &policy, columns: columns.as_ref(), format, threads };
    let mut output = Vec::new();
    let tally = job.run(&mut rows.as_bytes(), &mut output).unwrap();
    (String::from_utf8(output).unwrap(), tally)
}

#[test]
fn rows_come_out_in_the_order_they_came_whatever_the_threads() {
    let mut input = String::new();
    for row in 0..20_000 {
        if row % 1000 == 999 {
            input.push_str("not a row\n");
        } else {
            writeln!(input, "{{\"id\":{row},\"answers\":{{\"q1\":{},\"q2\":{}}}}}", row % 4, row / 4 % 4)
                .unwrap();
        }
    }
    let (output, tally) = run(&input, false, Format::JsonLines, 1);
    assert_eq!((tally.rows, tally.failed), (20_000, 20));
    for (number, line) in output.lines().enumerate() {
        let row: Value = serde_json::from_str(line).unwrap();
        if number % 1000 == 999 {
            assert_eq!(row["error"]["line"], number + 1);
        } else {
            assert_eq!(row["id"], number);
            assert_eq!(row["scores"]["total"]["value"], number % 4 + number / 4 % 4);
        }
    }
    for threads in [2, 5] {
        assert_eq!(run(&input, false, Format::JsonLines, threads).0, output);
    }
}

#[test]
fn a_line_without_end_spoils_itself_only() {
    let good = "{\"id\":1,\"answers\":{\"q1\":3,\"q2\":3}}\n";
    let input = format!("{good}{}\n\n{good}", "x".repeat(2 * LONGEST_LINE));
    let (output, tally) = run(&input, false, Format::JsonLines, 2);
    assert_eq!((tally.rows, tally.failed), (3, 1));
    let rows: Vec<Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        (&rows[0]["scores"]["total"]["value"], &rows[2]["scores"]["total"]["value"]),
        (&6.into(), &6.into())
    );
    assert_eq!(rows[1]["error"]["code"], "too_long");
    assert_eq!((&rows[1]["id"], &rows[1]["error"]["line"]), (&Value::Null, &2.into()));
}

#[test]
fn a_table_comes_out_as_a_table() {
    let input = "id,q1,q2,age\r\n\"a, b\",3,0,34\r\nc,9,0,\r\n,NA,1,\r\n";
    let (output, tally) = run(input, true, Format::Csv, 2);
    assert_eq!((tally.rows, tally.failed), (3, 1));
    assert_eq!(
        output,
        "\"a, b\",phq2,1.0.0,3,scored,positive,,,1,phq2_3,,\n\
         c,phq2,1.0.0,,,,,,,,,\"line 3: q1: not an option; the codes are 0, 1, 2, 3\"\n\
         ,phq2,1.0.0,,incomplete,,,,1,doubtful.incomplete,,\n"
    );
}

#[test]
fn nothing_in_is_nothing_out() {
    let (output, tally) = run("", false, Format::JsonLines, 2);
    assert_eq!((output.as_str(), tally.rows), ("", 0));
}
