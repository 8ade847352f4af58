//! The queue: a person decides, the machine remembers the deadline.

use crate::harness::{App, Client, phq9};
use chrono::Duration;
use serde_json::{Value, json};

async fn severe(app: &App, worker: &Client) -> Value {
    let person = app.person(worker, "王秀英").await;
    let items = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8"];
    let answers = phq9(&items.map(|item| (item, 3)));
    let body = app.screening(person, app.new_id(), "phq9", answers);
    worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201)["queue_item"].clone()
}

#[tokio::test]
async fn raising_is_free_and_lowering_a_high_tier_needs_a_second_person_and_a_reason() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let clinician = app.sign_in("clinician").await;
    let lead = app.sign_in("lead").await;
    let item = severe(&app, &worker).await;
    let path = format!("/queue/{}", item["id"].as_str().unwrap());
    assert_eq!(item["tier"], 3);

    let lower = |reason: Option<&str>| json!({"tier": 1, "reason": reason, "expected_version": 1});
    clinician.post(&format!("{path}/change"), lower(None)).await.refuses("reason");
    let asked = clinician
        .post(&format!("{path}/change"), lower(Some("面谈：近期丧亲，无自伤想法")))
        .await
        .expect(200);
    assert_eq!(asked["tier"], 3, "nothing is lowered before the second person has answered");
    assert_eq!(asked["second_person"]["tier"], 1);

    let agree = |version: &Value| json!({"agree": true, "expected_version": version});
    clinician.post(&format!("{path}/second"), agree(&asked["version"])).await.problem(409, "same-person");
    let lowered = lead.post(&format!("{path}/second"), agree(&asked["version"])).await.expect(200);
    assert_eq!(lowered["tier"], 1);

    let raise = json!({"tier": 2, "expected_version": lowered["version"]});
    assert_eq!(clinician.post(&format!("{path}/change"), raise).await.expect(200)["tier"], 2);
    let detail = clinician.get(&path).await.expect(200);
    let kinds: Vec<&str> =
        detail["history"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["suggested", "second_asked", "second_agreed", "changed"]);
    assert_eq!(detail["name"], "王秀英");
    assert_eq!(app.count("select count(*) from audit_entry where action = 'queue.open'").await, 1);
}

#[tokio::test]
async fn the_slower_of_two_is_told_who_was_first() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let clinician = app.sign_in("clinician").await;
    let counsellor = app.sign_in("counsellor").await;
    let item = severe(&app, &worker).await;
    let path = format!("/queue/{}/contacted", item["id"].as_str().unwrap());
    let body = json!({"expected_version": 1});
    clinician.post(&path, body.clone()).await.expect(200);
    let conflict = counsellor.post(&path, body).await.problem(409, "version-conflict");
    assert_eq!(conflict["winner"]["name"], "孙雨");
    assert_eq!(conflict["current_version"], 2);
}

#[tokio::test]
async fn a_missed_first_contact_is_overdue_by_itself() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    severe(&app, &worker).await;

    app.advance(Duration::hours(23));
    app.run_due().await;
    let clinician = app.sign_in("clinician").await;
    assert_eq!(clinician.get("/queue").await.expect(200)["items"][0]["overdue_at"], Value::Null);
    app.advance(Duration::hours(1));
    app.run_due().await;
    assert!(clinician.get("/queue").await.expect(200)["items"][0]["overdue_at"].is_string());
}

#[tokio::test]
async fn contact_in_time_meets_the_deadline_and_only_then_can_it_be_closed() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let clinician = app.sign_in("clinician").await;
    let item = severe(&app, &worker).await;
    let path = format!("/queue/{}", item["id"].as_str().unwrap());

    let close =
        |version: i64| json!({"outcome": "referred", "reason": "已转市三院", "expected_version": version});
    clinician.post(&format!("{path}/close"), close(1)).await.problem(409, "not-contacted");
    let contacted = json!({"note": "电话已通，明早面谈", "expected_version": 1});
    clinician.post(&format!("{path}/contacted"), contacted).await.expect(200);
    app.advance(Duration::hours(20));
    app.run_due().await;
    // the next shift
    let clinician = app.sign_in("clinician").await;
    let item = clinician.get(&path).await.expect(200);
    assert_eq!(item["overdue_at"], Value::Null);
    let closed = clinician.post(&format!("{path}/close"), close(2)).await.expect(200);
    assert_eq!(closed["state"], "closed");
    clinician.post(&format!("{path}/confirm"), json!({"expected_version": 3})).await.problem(409, "closed");
}

#[tokio::test]
async fn an_item_shows_why_with_rule_source_and_what_would_change_it() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let clinician = app.sign_in("clinician").await;
    let item = severe(&app, &worker).await;
    let detail = clinician.get(&format!("/queue/{}", item["id"].as_str().unwrap())).await.expect(200);
    let reason = &detail["reasons"][0];
    assert!(reason["text"]["zh"].as_str().unwrap().contains("PHQ-9"), "{reason}");
    assert!(!reason["source"].as_str().unwrap().is_empty());
    assert_eq!(reason["inputs"]["phq9.total"], 24);
    assert!(!detail["suggestion"]["would_change"].as_array().unwrap().is_empty());
    assert_eq!(detail["policy"], "default@1.0.0");
    assert!(detail["scales"][0]["hash"].as_str().unwrap().len() == 64);
    assert_eq!(detail["person"]["name_masked"], "王**");
}
