//! Consent: to which notice, by whom, for how old a person; and taken back.

use crate::harness::{App, Client, c_ssrs_high, phq9};
use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody of whom no birth date is known.
async fn ageless(app: &App, worker: &Client) -> Uuid {
    let id = app.new_id();
    let body = json!({"name": "周小雨", "sex": "F", "org_id": app.town.grid});
    worker.put(&format!("/persons/{id}"), body).await.expect(201);
    id
}

fn with(mut body: Value, consent: &Value) -> Value {
    for (field, value) in consent.as_object().unwrap() {
        body["consent"][field] = value.clone();
    }
    body
}

#[tokio::test]
async fn a_consent_names_a_known_notice_and_a_guardian_says_who_they_are() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let good = app.screening(person, app.new_id(), "phq9", phq9(&[]));
    let path = format!("/screenings/{}", app.new_id());
    for (consent, field) in [
        (json!({"notice_version": ""}), "consent.notice_version"),
        (json!({"notice_version": "1999-1"}), "consent.notice_version"),
        (json!({"by": "guardian"}), "consent.guardian_relation"),
        (json!({"by": "guardian", "guardian_relation": "neighbour"}), "consent.guardian_relation"),
        (json!({"declared_age": "old enough"}), "consent.declared_age"),
    ] {
        worker.put(&path, with(good.clone(), &consent)).await.refuses(field);
    }
    let by_son = json!({"by": "guardian", "guardian_relation": "adult_child"});
    worker.put(&path, with(good, &by_son)).await.expect(201);
    assert_eq!(
        app.count(
            "select count(*) from consent
              where guardian_relation = 'adult_child' and purpose = 'screening_and_care'
                and recipients = '{screener,centre_care,centre_dispatch}'"
        )
        .await,
        1,
        "bound to what the notice says"
    );
}

#[tokio::test]
async fn where_the_age_is_not_known_it_is_said_and_the_rules_for_the_young_go_by_it() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = ageless(&app, &worker).await;
    let submit = async |consent: Value| {
        let body = app.screening(person, app.new_id(), "phq9", phq9(&[("q9", 1)]));
        worker.put(&format!("/screenings/{}", app.new_id()), with(body, &consent)).await
    };
    submit(json!({})).await.refuses("consent.declared_age");
    submit(json!({"declared_age": "under_14"})).await.refuses("consent.by");

    let adult = submit(json!({"declared_age": "adult"})).await.expect(201);
    let by_mother = json!({"declared_age": "under_14", "by": "guardian", "guardian_relation": "mother"});
    let child = submit(by_mother).await.expect(201);
    let youth = submit(json!({"declared_age": "14_to_17"})).await.expect(201);

    assert_eq!(adult["suggestion"]["second_look"], "c_ssrs_screener");
    assert_eq!(child["suggestion"]["second_look"], "asq");
    assert_eq!(youth["suggestion"]["second_look"], "asq");
    let secs = |receipt: &Value| receipt["suggestion"]["first_contact_secs"].as_i64().unwrap();
    assert_eq!(secs(&youth) * 2, secs(&adult));
}

#[tokio::test]
async fn a_consent_is_taken_back_and_given_anew() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let submit = async |body: Value| worker.put(&format!("/screenings/{}", app.new_id()), body).await;
    let mild = app.screening(person, app.new_id(), "phq9", phq9(&[("q1", 3), ("q2", 3)]));
    let severe = app.screening(
        person,
        app.new_id(),
        "phq9",
        phq9(&["q1", "q2", "q3", "q4", "q5"].map(|item| (item, 3))),
    );
    assert_eq!(submit(mild).await.expect(201)["suggestion"]["tier"], 1);
    assert_eq!(submit(severe).await.expect(201)["suggestion"]["tier"], 2);
    let on_a_tablet = app.screening(person, app.new_id(), "phq9", phq9(&[("q9", 1)]));

    app.advance(Duration::minutes(10));
    let path = format!("/persons/{person}/consents/withdraw");
    let first = worker.post(&path, json!({"reason": "家里人不同意"})).await.expect(200);
    app.advance(Duration::minutes(1));
    assert_eq!(worker.post(&path, json!({})).await.expect(200), first, "said again");
    assert_eq!(app.count("select count(*) from consent_withdrawal").await, 1);
    assert_eq!(app.count("select count(*) from audit_entry where action = 'consent.withdraw'").await, 1);
    assert_eq!(app.count("select count(*) from consent where withdrawn_at is null").await, 0);
    let file = app.sign_in("clinician").await.get(&format!("/persons/{person}")).await.expect(200);
    assert_eq!(file["consent_withdrawn_at"], first["consent_withdrawn_at"]);

    // nobody in need is let go of
    assert_eq!(app.count("select count(*) from queue_item where state = 'open' and tier = 2").await, 1);
    assert_eq!(
        app.count("select count(*) from queue_item where close_outcome = 'consent_withdrawn' and tier = 1")
            .await,
        1
    );

    // what was answered before is taken in, however late it comes; what comes after rests on nothing
    assert_eq!(submit(on_a_tablet).await.expect(201)["suggestion"]["tier"], 3);
    let agreed = json!({"given_at": app.now() - Duration::minutes(15)});
    let after = with(app.screening(person, app.new_id(), "phq9", phq9(&[])), &agreed);
    submit(after).await.problem(409, "consent-withdrawn");
    let quiet = app.person(&worker, "李国华").await;
    worker.post(&format!("/persons/{quiet}/consents/withdraw"), json!({})).await.expect(200);
    let mut mild = with(app.screening(quiet, app.new_id(), "phq9", phq9(&[("q1", 3), ("q2", 3)])), &agreed);
    for (field, minutes) in [("started_at", 14), ("finished_at", 12)] {
        mild[field] = json!(app.now() - Duration::minutes(minutes));
    }
    assert_eq!(submit(mild).await.expect(201)["suggestion"]["tier"], 1);
    let closed = "select count(*) from queue_item where close_outcome = 'consent_withdrawn'";
    assert_eq!(app.count(closed).await, 2, "what is mild in it is left alone");
    assert_eq!(app.count("select count(*) from consent where withdrawn_at is null").await, 0);
    let mut danger = app.screening(person, app.new_id(), "c_ssrs_screener", c_ssrs_high());
    danger["consent"] = Value::Null;
    submit(danger.clone()).await.refuses("consent");
    danger["danger_to_life"] = json!({"reason": "站在桥边，不肯下来"});
    assert_eq!(submit(danger).await.expect(201)["suggestion"]["tier"], 4);

    // asked anew, the person agrees
    app.advance(Duration::days(30));
    let worker = app.sign_in("worker").await;
    let anew = app.screening(person, app.new_id(), "phq9", phq9(&[]));
    worker.put(&format!("/screenings/{}", app.new_id()), anew).await.expect(201);
    let withdrawn = "select count(*) from person where consent_withdrawn_at is not null";
    assert_eq!(app.count(withdrawn).await, 1, "the other one has not agreed again");

    app.sign_in("neighbour").await.post(&path, json!({})).await.problem(404, "not-found");
    app.sign_in("auditadmin").await.post(&path, json!({})).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_consent_that_was_somebody_elses_moves_with_the_visit() {
    let app = App::start().await;
    let (worker, clinician) = (app.sign_in("worker").await, app.sign_in("clinician").await);
    let (withdrawn, right) = (app.person(&worker, "王秀英").await, ageless(&app, &worker).await);
    let path = format!("/persons/{withdrawn}/consents/withdraw");
    worker.post(&path, json!({})).await.expect(200);
    app.advance(Duration::minutes(30));
    let (id, visit) = (app.new_id(), app.new_id());
    let body = with(
        app.screening(withdrawn, visit, "phq9", phq9(&[("q9", 1)])),
        &json!({"declared_age": "14_to_17"}),
    );
    worker.put(&format!("/screenings/{id}"), body).await.expect(201);
    let mark = "select count(*) from person where consent_withdrawn_at is not null";
    assert_eq!(app.count(mark).await, 0, "it looks as if they had agreed again");

    let correction = json!({"person_id": right, "reason": "平板递错了人", "expected_version": 1});
    clinician.post(&format!("/screenings/{id}/correct-person"), correction).await.expect(204);
    assert_eq!(app.count(mark).await, 1, "they had not");
    assert_eq!(app.count("select count(*) from person where declared_age = '14_to_17'").await, 1);
    // the second look was made with the tablet still set to the wrong person
    let mut look =
        app.screening(withdrawn, visit, "asq", json!({"q1": 1, "q2": 0, "q3": 0, "q4": 0, "q5": 1}));
    look["look_of"] = json!(id);
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), look).await.expect(201);
    assert_eq!(receipt["suggestion"]["tier"], 4);
    assert_eq!(app.count("select count(distinct person_id) from screening").await, 1);
}

#[tokio::test]
async fn a_child_in_danger_is_a_child_also_without_a_guardian() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = ageless(&app, &worker).await;
    let mut body = with(
        app.screening(person, app.new_id(), "phq9", phq9(&[("q9", 1)])),
        &json!({"declared_age": "under_14"}),
    );
    body["danger_to_life"] = json!({"reason": "说要从楼上跳下去"});
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    assert_eq!(receipt["suggestion"]["second_look"], "asq");
}
