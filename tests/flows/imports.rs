//! Screenings from a file: what comes in, what is left out and why, and that a second time changes nothing.

use crate::harness::{App, Client};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

const FILE: &str = "编号,姓名,性别,身份证号,q1,q2,q3,q4,q5,q6,q7,q8,q9
A1,陈一,女,,0,1,0,0,1,0,0,0,0
A2,陈二,男,,3,3,3,3,2,2,2,1,2
A3,,,,1,1,NA,1,1,1,1,1,0
A4,陈四,女,110105194912310021,0,0,0,0,0,0,0,0,0
A5,陈五,女,,0,0,0,0,0,0,0,0,7
A6,\"陈六,女,,0,0,0,0,0,0,0,0,0
A1,陈一,女,,0,1,0,0,1,0,0,0,0
A7,陈七,女
";

async fn import(client: &Client, bytes: &[u8], more: &[(&'static str, &str)]) -> (u16, Value) {
    let mut form = Form::new()
        .part("file", Part::bytes(bytes.to_vec()).file_name("answers.csv"))
        .text("scale", "phq9")
        .text("campaign", "旧表");
    for (field, value) in more {
        form = form.text(*field, (*value).to_owned());
    }
    let response = client.request(reqwest::Method::POST, "/imports").multipart(form).send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap())
}

fn counts(report: &Value) -> [i64; 3] {
    ["accepted", "duplicate", "rejected"].map(|field| report[field].as_i64().unwrap())
}

#[tokio::test]
async fn good_rows_come_in_bad_ones_are_named_and_a_second_time_changes_nothing() {
    let app = App::start().await;
    let clinician = app.sign_in("clinician").await;

    let (_, dry) = import(&clinician, FILE.as_bytes(), &[("dry_run", "true")]).await;
    assert_eq!(counts(&dry), [3, 1, 4], "{dry}");
    assert_eq!(app.count("select count(*) from screening").await, 0);

    let (status, report) = import(&clinician, FILE.as_bytes(), &[]).await;
    assert_eq!((status, counts(&report)), (200, [3, 1, 4]), "{report}");
    assert_eq!(report["tiers"], dry["tiers"]);
    assert_eq!(report["tiers"], json!({"0": 1, "1": 1, "3": 1}));
    let rejected: Vec<(i64, &str)> = report["rejections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["row"].as_i64().unwrap(), row["field"].as_str().unwrap()))
        .collect();
    assert_eq!(rejected, [(5, "id_number"), (6, "q9"), (7, "row"), (9, "row")]);
    assert_eq!(app.count("select count(*) from person where is_anonymous").await, 1);

    let (_, again) = import(&clinician, FILE.as_bytes(), &[]).await;
    assert_eq!(counts(&again), [0, 4, 4]);
    let changed = FILE.replace("A2,陈二,男,,3", "A2,陈二,男,,0");
    let (_, report) = import(&clinician, changed.as_bytes(), &[]).await;
    assert_eq!(counts(&report), [0, 3, 5]);
    assert_eq!(report["rejections"][0]["reason"], "was brought in before with other answers");
    assert_eq!(app.count("select count(*) from screening").await, 3);
}

#[tokio::test]
async fn old_answers_do_not_ring_and_what_is_red_is_on_the_review_list() {
    let app = App::start().await;
    let clinician = app.sign_in("clinician").await;
    let (_, report) = import(&clinician, FILE.as_bytes(), &[]).await;
    assert_eq!((&report["to_review"], &report["alarms"]), (&json!(1), &json!(0)));
    app.advance(chrono::Duration::hours(1));
    app.run_due().await;
    assert_eq!(app.count("select count(*) from alarm").await, 0);
    let review =
        "select count(*) from queue_item where list = 'review' and owner_post = 'clinician' and tier = 3";
    assert_eq!(app.count(review).await, 1);
    let items = app.sign_in("clinician").await.get("/queue").await.expect(200);
    assert!(items["items"].as_array().unwrap().iter().any(|item| item["tier"] == 3));
}

#[tokio::test]
async fn the_same_file_is_read_alike_from_gb18030() {
    let app = App::start().await;
    let clinician = app.sign_in("clinician").await;
    // 性别 in GB18030; the rest is ASCII
    let file =
        [b"q1,q2,q3,q4,q5,q6,q7,q8,q9,\xd0\xd4\xb1\xf0\n0,0,0,0,0,0,0,0,0,\xc5\xae\n".as_slice()].concat();
    let (_, report) = import(&clinician, &file, &[]).await;
    assert_eq!((&report["encoding"], counts(&report)), (&json!("gb18030"), [1, 0, 0]));
    assert_eq!(report["columns"]["sex"], "性别");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_whole() {
    let app = App::start().await;
    let clinician = app.sign_in("clinician").await;
    for (bytes, more, field) in [
        (b"q1,q2,q3\n1,2,3\n".as_slice(), [("org", "")], "columns"),
        (b"PK\x03\x04\0\0", [("org", "")], "file"),
        (b"", [("org", "")], "file"),
        (FILE.as_bytes(), [("org", "无此区")], "org"),
        (FILE.as_bytes(), [("map", "q1=no such column")], "columns"),
        (FILE.as_bytes(), [("timing", "tomorrow")], "timing"),
    ] {
        let (status, problem) = import(&clinician, bytes, &more).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(field)), "{problem}");
    }
    let (status, _) = import(&app.sign_in("worker").await, FILE.as_bytes(), &[]).await;
    assert_eq!(status, 403);
    clinician.post("/imports", json!({})).await.problem(400, "malformed");
    assert_eq!(app.count("select count(*) from campaign").await, 0);
}

/// PCL-C of a real study has seventeen columns with other names than ours.
#[tokio::test]
async fn columns_without_our_names_are_taken_in_their_order_and_the_report_says_so() {
    let app = App::start().await;
    let clinician = app.sign_in("clinician").await;
    let header = ["nervous", "worry"].join(",");
    let form = Form::new()
        .part("file", Part::bytes(format!("{header}\n1,2\n").into_bytes()).file_name("gad2.csv"))
        .text("scale", "gad2@1.0.0")
        .text("campaign", "GAD-2");
    let report: Value = clinician
        .request(reqwest::Method::POST, "/imports")
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(report["columns_found_by"], "position");
    assert_eq!(report["columns"], json!({"q1": "nervous", "q2": "worry"}));
    assert!(report["notes"][0].as_str().unwrap().contains("order"));
}
