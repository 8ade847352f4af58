//! Rows of JSON and CSV: the fast path says what the friendly path says, and broken rows keep their id.

use super::super::wire::{Beside, result_json, write_error};
use super::super::{Answers, Columns, Respondent, RowReader};
use super::tiny::{scale, set, tiny, with};
use serde_json::{Value, json};

#[test]
fn a_row_is_scored_and_written_as_the_contract_says() {
    let scale = scale(&tiny());
    let mut reader = RowReader::new(&scale);
    let line = br#"{"id":"a-1","note":{"x":[1]},"person":{"sex":"F","age":34},"answers":{"q1":1,"q2":null,"q3":"2"}}"#;
    let scored = reader.score(line).unwrap();
    let row = result_json(&scored, Beside { id: Some(&reader.row().id), tier: Some(br#"{"suggested":3}"#) });
    assert_eq!(
        row,
        concat!(
            r#"{"id":"a-1","code":"tiny","version":"1.0.0","scores":{"total":{"value":null,"status":"incomplete","band":null}},"#,
            r#""critical":[{"id":"q3","level":"critical","reason":{"en":"Item 3","zh-CN":"第3题"}}],"tier":{"suggested":3},"#,
            r#""quality":{"asked":3,"answered":2,"longstring":1,"median_ms":null,"flags":[]},"next":[]}"#
        )
    );
    let bare: Value = serde_json::from_str(&result_json(&scored, Beside::default())).unwrap();
    assert!(bare.get("id").is_none() && bare.get("tier").is_none());
}

#[test]
fn a_broken_row_says_what_is_wrong_and_keeps_its_id() {
    let scale = scale(&with("/items/2/show_if", json!({"ge": ["q2", 1]})));
    let mut reader = RowReader::new(&scale);
    let table = [
        (
            r#"{"id":7,"answers":{"q1":9}}"#,
            r#"{"id":7,"error":{"code":"not_an_option","line":3,"item":"q1","reason":"q1: not an option; the codes are 0, 1, 2, 3"}}"#,
        ),
        (
            r#"{"id":7,"answers":{"q1":true}}"#,
            r#"{"id":7,"error":{"code":"wrong_type","line":3,"item":"q1","reason":"q1: an answer is an option code (a number or a word) or null"}}"#,
        ),
        (
            r#"{"answers":{"zz":1},"id":"x"}"#,
            r#"{"id":"x","error":{"code":"unknown_item","line":3,"item":"zz","reason":"zz: the scale has no such item"}}"#,
        ),
        (
            r#"{"id":7,"answers":{"q1":1,"q1":2}}"#,
            r#"{"id":7,"error":{"code":"twice","line":3,"item":"q1","reason":"q1: answered twice"}}"#,
        ),
        (
            r#"{"id":7,"answers":{"q1":1,"q2":0,"q3":0}}"#,
            r#"{"id":7,"error":{"code":"hidden","line":3,"item":"q3","reason":"q3: answered although it is not asked here"}}"#,
        ),
        (
            r#"{"id":7}"#,
            r#"{"id":7,"error":{"code":"no_answers","line":3,"reason":"there is no `answers`"}}"#,
        ),
        (
            r#"{"id":7,"answers":null}"#,
            r#"{"id":7,"error":{"code":"no_answers","line":3,"reason":"there is no `answers`"}}"#,
        ),
        (
            r#"{"id":7,"person":{"sex":"X"},"answers":{}}"#,
            r#"{"id":7,"error":{"code":"person","line":3,"item":"person.sex","reason":"person.sex: F, M or null"}}"#,
        ),
        (
            r#"{"id":7,"person":{"age":-1},"answers":{}}"#,
            r#"{"id":7,"error":{"code":"person","line":3,"item":"person.age","reason":"person.age: whole years, 0 to 130, or null"}}"#,
        ),
        (
            r#"{"id":7,"item_ms":{"q1":-5},"answers":{}}"#,
            r#"{"id":7,"error":{"code":"bad_time","line":3,"item":"q1","reason":"q1: a time is a whole number of milliseconds"}}"#,
        ),
        (
            r#"{"id":7,"answers":{"q1":1"#,
            r#"{"id":7,"error":{"code":"not_readable","line":3,"reason":"the JSON breaks off at column 25"}}"#,
        ),
        (
            r#"{"id":7,"answers":"private"}"#,
            r#"{"id":7,"error":{"code":"not_readable","line":3,"reason":"not an object with id, person and answers at column 27"}}"#,
        ),
        (
            "nonsense",
            r#"{"id":null,"error":{"code":"not_readable","line":3,"reason":"this is not JSON at column 2"}}"#,
        ),
        (
            "[]",
            r#"{"id":null,"error":{"code":"not_readable","line":3,"reason":"not an object with id, person and answers at column 0"}}"#,
        ),
        (
            r#"{"id":7,"answers":{}} {}"#,
            r#"{"id":7,"error":{"code":"not_readable","line":3,"reason":"this is not JSON at column 23"}}"#,
        ),
    ];
    for (line, expected) in table {
        let error = reader.score(line.as_bytes()).unwrap_err();
        let mut out = Vec::new();
        write_error(Some(&reader.row().id), Some(3), &error, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{line}");
    }
    assert!(reader.score(b"{\"answers\":{\"q1\":\"\xff\"}}").is_err(), "not UTF-8");
    assert!(
        reader.score(br#"{"answers":{"q1":1,"q2":0}}"#).is_ok(),
        "the next row is read as if nothing had happened"
    );
}

#[test]
fn keys_with_escapes_and_any_order_are_read() {
    let scale = scale(&tiny());
    let mut reader = RowReader::new(&scale);
    let scored =
        reader.score(br#"{"answers":{"q3":2,"q\u0031":"\u0031","q2":0},"id":{"any":"thing"}}"#).unwrap();
    assert_eq!(scored.score("total").unwrap().value, Some(3.into()));
    assert_eq!(reader.row().id, r#"{"any":"thing"}"#);
}

#[test]
fn both_paths_say_the_same() {
    let document = with("/items/1/show_if", json!({"ge": ["q1", 1]}));
    let scale = scale(&set(document, "/items/2/sex", json!("F")));
    let mut reader = RowReader::new(&scale);
    for person in [json!({}), json!({"sex": "F"}), json!({"sex": "M", "age": 40})] {
        for given in [
            json!({}),
            json!({"q1": 0}),
            json!({"q1": 1, "q2": 2}),
            json!({"q1": 1, "q2": 2, "q3": 3}),
            json!({"q1": 0, "q2": 1}),
        ] {
            let who: Respondent = serde_json::from_value(person.clone()).unwrap();
            let answers: Answers = serde_json::from_value(given.clone()).unwrap();
            let friendly = scale.score(&who, &answers).map(|scored| result_json(&scored, Beside::default()));
            let line = json!({"person": person, "answers": given}).to_string();
            let fast = reader.score(line.as_bytes()).map(|scored| result_json(&scored, Beside::default()));
            assert_eq!(
                friendly.map_err(|error| error.to_string()),
                fast.map_err(|error| error.to_string()),
                "{line}"
            );
        }
    }
}

#[test]
fn a_line_of_csv_is_a_row() {
    let scale = scale(&tiny());
    let columns = Columns::of(&scale, "\u{feff}id,sex,age,\"q1\",q2,site,q3".as_bytes()).unwrap();
    let mut reader = RowReader::new(&scale);
    let mut value = |line: &str| {
        let scored = reader.score_csv(&columns, line.as_bytes());
        let value = scored.map(|scored| scored.score("total").unwrap().value).map_err(|e| e.to_string());
        (reader.row().id.clone(), value)
    };
    let table = [
        ("\"甲\"\"1\",F,34,1,2,north,0", r#""甲\"1""#, Ok(Some(3.into()))),
        (",,NA,1,NA,,", "", Ok(None)),
        ("3,,,1.0, 2 ,\"a, b\",0", "\"3\"", Ok(Some(3.into()))),
        ("4,,old,1,2,,0", "\"4\"", Err("person.age: whole years, 0 to 130, or null")),
        ("5,,,yes,2,,0", "\"5\"", Err("q1: not an option; the codes are 0, 1, 2, 3")),
        ("6,,,1,2,,0,", "\"6\"", Err("the line has 8 cells, the header 7")),
        ("7,,,1,2", "\"7\"", Err("the line has 5 cells, the header 7")),
        ("8,,,1,2,\"open,0", "\"8\"", Err("a quote is not closed, or does not enclose its cell")),
        ("9,,,1,2,\"a\"b,0", "\"9\"", Err("a quote is not closed, or does not enclose its cell")),
    ];
    for (line, id, expected) in table {
        assert_eq!(value(line), (id.to_owned(), expected.map_err(str::to_owned)), "{line}");
    }
    assert!(reader.score_csv(&columns, b"\xff,,,1,2,,0").unwrap_err().to_string().contains("UTF-8"));
}

#[test]
fn a_header_that_does_not_fit_is_refused_before_anything_is_scored() {
    let scale = scale(&with("/items/2/optional", json!(true)));
    let refused = |header: &str| Columns::of(&scale, header.as_bytes()).err().map(|error| error.to_string());
    assert_eq!(refused("q2,id,q1"), None);
    assert_eq!(refused("id,age").unwrap(), "the header has no column for q1, q2");
    assert_eq!(refused("q1,q2,q1").unwrap(), "the header names q1 twice");
    assert!(refused("q1,\"q2").unwrap().contains("quote"));
}
