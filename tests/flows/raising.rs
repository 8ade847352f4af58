//! What joins an alarm, what rings anew, and what whoever pressed learns of it.

use crate::harness::{App, Client, c_ssrs_high, phq9};
use chrono::Duration;
use rules::dispatch::Priority;
use serde_json::{Value, json};
use server::dispatch::{SystemFault, raise_system};
use uuid::Uuid;

async fn alarm(client: &Client, id: Uuid) -> Value {
    client.get(&format!("/alarms/{id}")).await.expect(200)
}

async fn act(client: &Client, id: Uuid, verb: &str, mut body: Value) {
    body["expected_version"] = alarm(client, id).await["version"].clone();
    client.post(&format!("/alarms/{id}/{verb}"), body).await.expect(200);
}

async fn handle(client: &Client, id: Uuid) {
    act(client, id, "claim", json!({})).await;
    act(client, id, "acknowledge", json!({})).await;
    act(client, id, "close", json!({"code": "handed_over", "reason": "家属在场"})).await;
}

#[tokio::test]
async fn a_high_look_after_the_first_alarm_was_closed_rings_again() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let person = app.person(&worker, "王秀英").await;
    let (first, look, visit) = (app.new_id(), app.new_id(), app.new_id());
    // a strong answer whose look the tablet could not send: it rings after half an hour, and somebody handles it
    let body = app.screening(person, visit, "phq9", phq9(&[("q9", 3)]));
    worker.put(&format!("/screenings/{first}"), body).await.expect(201);
    app.advance(Duration::minutes(31));
    app.run_due().await;
    let open = dispatcher.get("/alarms").await.expect(200);
    let rang =
        open["items"].as_array().unwrap().iter().find(|alarm| alarm["kind"] == "screening").unwrap().clone();
    let id: Uuid = rang["id"].as_str().unwrap().parse().unwrap();
    handle(&dispatcher, id).await;

    let answers = json!({"q1": 1, "q2": 1, "q3": 1, "q4": 1, "q5": 0, "q6": 0});
    let mut body = app.screening(person, visit, "c_ssrs_screener", answers);
    body["look_of"] = json!(first);
    worker.put(&format!("/screenings/{look}"), body).await.expect(201);
    app.run_due().await;
    let again = alarm(&dispatcher, id).await;
    assert_eq!((&again["state"], &again["count"]), (&json!("raised"), &json!(2)), "{again}");
}

#[tokio::test]
async fn presses_that_name_nobody_join_only_while_they_may_be_the_same_one() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let press = async |place: Option<&str>, status: u16| {
        let id = app.new_id();
        let body = json!({"kind": "button", "place": place});
        worker.put(&format!("/alarms/{id}"), body).await.expect(status);
        app.run_due().await;
        id
    };
    let river = press(Some("河边"), 201).await;
    press(None, 200).await;
    press(Some("河边"), 200).await;
    assert_eq!(alarm(&dispatcher, river).await["count"], 3);
    press(Some("某小区 3 栋"), 201).await;

    app.advance(Duration::minutes(3));
    press(Some("某小区 3 栋"), 201).await;
    let held = press(None, 200).await;
    act(&dispatcher, held, "claim", json!({})).await;
    press(None, 201).await;
    assert_eq!(alarm(&dispatcher, river).await["where"]["place"], "河边");
}

#[tokio::test]
async fn who_presses_for_somebody_elsewhere_is_heard_and_learns_nothing_about_them() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let neighbour = app.sign_in("neighbour").await;
    let person = app.person(&worker, "王秀英").await;
    let (look, visit) = (app.new_id(), app.new_id());
    let body = app.screening(person, visit, "c_ssrs_screener", c_ssrs_high());
    let receipt = worker.put(&format!("/screenings/{look}"), body).await.expect(201);
    app.run_due().await;
    let theirs = receipt["alarm_id"].as_str().unwrap();

    for (id, body) in [
        (theirs.to_owned(), json!({"kind": "screening"})),
        (app.new_id().to_string(), json!({"kind": "button", "person_id": person})),
        (app.new_id().to_string(), json!({"kind": "word", "screening_id": look})),
    ] {
        let answer = neighbour.put(&format!("/alarms/{id}"), body).await;
        assert!(answer.status == 200 || answer.status == 201, "{}", answer.text);
        for word in ["王", "C-SSRS", "q5"] {
            assert!(!answer.text.contains(word), "{word}: {}", answer.text);
        }
    }
    let merged = app.count("select count(*) from alarm_signal where kind = 'button'").await;
    assert_eq!(merged, 1, "the press counts all the same");
}

#[tokio::test]
async fn what_the_journal_kept_rings_even_if_the_place_is_not_there() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    worker.get("/me").await.expect(200);
    app.ctx.db.close().await;
    let id = app.new_id();
    let press = json!({"kind": "button", "org_id": app.new_id(), "place": "河边"});
    worker.put(&format!("/alarms/{id}"), press).await.expect(202);

    let app = app.restart().await;
    assert_eq!(server::dispatch::replay(&app.ctx).await.unwrap(), 1);
    let dispatcher = app.sign_in("dispatcher").await;
    let raised = alarm(&dispatcher, id).await;
    assert_eq!((&raised["priority"], &raised["where"]["place"]), (&json!("P1"), &json!("河边")));
    assert_eq!(
        app.count("select count(*) from alarm where kind = 'system'").await,
        1,
        "and it is said aloud"
    );
}

#[tokio::test]
async fn a_fault_that_was_closed_and_is_still_there_rings_again() {
    let app = App::start().await;
    let dispatcher = app.sign_in("dispatcher").await;
    let seen = async || {
        let fault = SystemFault { reason: "disk_full".to_owned(), priority: Priority::P2, org: None };
        raise_system(&app.ctx, app.town.tenant, fault).await.unwrap();
    };
    seen().await;
    let open = dispatcher.get("/alarms").await.expect(200);
    let id: Uuid = open["items"][0]["id"].as_str().unwrap().parse().unwrap();
    handle(&dispatcher, id).await;
    seen().await;
    assert_eq!(alarm(&dispatcher, id).await["state"], "closed", "whoever mends it needs a moment");
    app.advance(Duration::minutes(11));
    seen().await;
    assert_eq!(alarm(&dispatcher, id).await["state"], "raised");
}

#[tokio::test]
async fn answers_that_were_somebody_elses_ring_for_the_right_person() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let clinician = app.sign_in("clinician").await;
    let wrong = app.person(&worker, "王秀英").await;
    let right = app.person(&worker, "李国华").await;
    let (look, visit) = (app.new_id(), app.new_id());
    let body = app.screening(wrong, visit, "c_ssrs_screener", c_ssrs_high());
    let receipt = worker.put(&format!("/screenings/{look}"), body).await.expect(201);
    app.run_due().await;
    let first: Uuid = receipt["alarm_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(alarm(&dispatcher, first).await["person"]["name"], "王秀英");

    let correction = json!({"person_id": right, "reason": "平板递错了人", "expected_version": 1});
    clinician.post(&format!("/screenings/{look}/correct-person"), correction).await.expect(204);
    app.run_due().await;
    let told = alarm(&dispatcher, first).await["timeline"].to_string();
    assert!(told.contains("alarm.person_corrected"), "{told}");
    let open = dispatcher.get("/alarms").await.expect(200);
    let rings: Vec<Uuid> = open["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap().parse().unwrap())
        .collect();
    let second = *rings.iter().find(|id| **id != first).expect("an alarm of the right person");
    assert_eq!(alarm(&dispatcher, second).await["person"]["name"], "李国华");
    let item = &dispatcher.get("/queue").await.expect(200)["items"][0];
    assert_eq!(item["alarm_id"], json!(second), "{item}");
    assert_eq!(
        app.count("select count(*) from timer where attempts > 1").await,
        0,
        "nothing is tried in vain"
    );
}
