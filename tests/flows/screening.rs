//! Submitting: what comes of an answer, what a retry is, what is refused and where.

use crate::harness::{App, c_ssrs_high, phq9};
use chrono::Duration;
use serde_json::{Value, json};

#[tokio::test]
async fn an_answer_becomes_a_result_a_tier_an_owner_and_a_deadline() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let (id, visit) = (app.new_id(), app.new_id());
    let answers =
        phq9(&[("q1", 3), ("q2", 3), ("q3", 3), ("q4", 3), ("q5", 3), ("q6", 3), ("q7", 3), ("q8", 1)]);

    let receipt = worker
        .put(&format!("/screenings/{id}"), app.screening(person, visit, "phq9", answers))
        .await
        .expect(201);

    assert_eq!(
        receipt["result"]["scores"]["total"],
        json!({"value": 22, "status": "scored", "band": "severe"})
    );
    assert_eq!(receipt["suggestion"]["tier"], 3);
    assert_eq!(receipt["queue_item"]["tier"], 3);
    assert!(receipt["queue_item"]["owner"]["name"].is_string(), "{receipt}");
    let due: chrono::DateTime<chrono::Utc> =
        receipt["queue_item"]["due_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(due, app.now() + Duration::hours(24));
    assert_eq!(receipt["alarm_id"], Value::Null, "severe, but not a danger to life today");
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_and_another_content_is_refused() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let (id, visit) = (app.new_id(), app.new_id());
    let path = format!("/screenings/{id}");
    let body = app.screening(person, visit, "phq9", phq9(&[("q1", 2)]));

    let first = worker.put(&path, body.clone()).await.expect(201);
    app.advance(Duration::minutes(20));
    let second = worker.put(&path, body.clone()).await.expect(200);
    assert_eq!(first, second);

    let mut other = body;
    other["answers"]["q1"] = json!(3);
    worker.put(&path, other).await.problem(409, "id-reused");
    assert_eq!(app.count("select count(*) from screening").await, 1);
    assert_eq!(app.count("select count(*) from consent").await, 1);
}

#[tokio::test]
async fn two_submits_of_one_id_at_once_are_one_screening() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let (id, visit) = (app.new_id(), app.new_id());
    let path = format!("/screenings/{id}");
    let body = app.screening(person, visit, "phq9", phq9(&[("q9", 2)]));

    let answers = futures_util::future::join_all((0..8).map(|_| worker.put(&path, body.clone()))).await;

    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    assert_eq!(app.count("select count(*) from screening").await, 1);
    assert_eq!(app.count("select count(*) from queue_item").await, 1);
}

#[tokio::test]
async fn a_strong_answer_starts_a_second_look_and_waits_for_it() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let visit = app.new_id();
    let body = app.screening(person, visit, "phq9", phq9(&[("q9", 2)]));

    let first = worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);

    assert_eq!(first["suggestion"]["second_look"], "c_ssrs_screener");
    assert_eq!(first["suggestion"]["tier"], 3);
    assert_eq!(first["suggestion"]["alarm"], json!({"priority": "P2", "after_secs": 1800}));
}

#[tokio::test]
async fn a_high_second_look_is_tier_four_and_its_alarm_has_the_id_the_tablet_made() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let (first, look, visit) = (app.new_id(), app.new_id(), app.new_id());
    let body = app.screening(person, visit, "phq9", phq9(&[("q9", 2)]));
    worker.put(&format!("/screenings/{first}"), body).await.expect(201);

    let mut body = app.screening(person, visit, "c_ssrs_screener", c_ssrs_high());
    body["look_of"] = json!(first);
    let receipt = worker.put(&format!("/screenings/{look}"), body).await.expect(201);

    assert_eq!(receipt["suggestion"]["tier"], 4);
    assert_eq!(receipt["suggestion"]["priority"], "P1");
    assert_eq!(receipt["queue_item"]["owner"]["post"], "seat_dispatcher");
    // the first strong answer had already asked for an alarm in 30 minutes: the visit keeps that one
    let alarm = uuid::Uuid::new_v5(&first, b"alarm");
    assert_eq!(receipt["alarm_id"], json!(alarm));
    assert_eq!(app.count("select count(*) from queue_item").await, 1, "one visit, one item");
}

#[tokio::test]
async fn an_incomplete_form_is_never_read_as_none_and_its_critical_answer_still_counts() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;

    let empty = app.screening(person, app.new_id(), "phq9", json!({}));
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), empty).await.expect(201);
    assert_eq!(
        receipt["result"]["scores"]["total"],
        json!({"value": null, "status": "incomplete", "band": null})
    );
    assert!(receipt["suggestion"]["tier"].as_u64().unwrap() >= 1, "{receipt}");

    let only_nine = app.screening(person, app.new_id(), "phq9", json!({"q9": 1}));
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), only_nine).await.expect(201);
    assert_eq!(receipt["result"]["critical"][0]["id"], "q9");
    assert!(receipt["suggestion"]["tier"].as_u64().unwrap() >= 3, "{receipt}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_field_and_nothing_is_written() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let visit = app.new_id();
    let good = app.screening(person, visit, "phq9", phq9(&[]));
    let changed = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let with_answer = |item: &str, value: Value| {
        let mut body = good.clone();
        body["answers"][item] = value;
        body
    };
    let no_such = json!(app.new_id());
    let cases = [
        (changed("scale", json!("phq99")), "scale"),
        (changed("version", json!("9.9.9")), "version"),
        (with_answer("q1", json!(4)), "answers.q1"),
        (with_answer("q1", json!("two")), "answers.q1"),
        (with_answer("q1", json!([1])), "answers.q1"),
        (with_answer("q77", json!(1)), "answers.q77"),
        (changed("person_id", no_such.clone()), "person_id"),
        (changed("campaign_id", no_such.clone()), "campaign_id"),
        (changed("target_id", no_such.clone()), "target_id"),
        (changed("look_of", no_such), "look_of"),
        (changed("consent", Value::Null), "consent"),
        (changed("locale", json!("fr")), "locale"),
        (changed("mode", json!("guess")), "mode"),
        (changed("started_at", json!("yesterday")), "started_at"),
        (changed("surprise", json!(1)), "surprise"),
    ];
    for (body, field) in cases {
        worker.put(&format!("/screenings/{}", app.new_id()), body).await.refuses(field);
    }
    let path = format!("/screenings/{}", app.new_id());
    worker.put_text(&path, "{\"person_id\":").await.problem(400, "malformed");
    worker.put_text(&path, "[]").await.refuses(".");
    worker
        .put_text(&path, &format!("{{\"locale\":\"{}\"}}", "x".repeat(2 << 20)))
        .await
        .problem(413, "too-large");
    worker.put("/screenings/not-an-id", good.clone()).await.refuses("id");
    assert_eq!(app.count("select count(*) from screening").await, 0);
    assert_eq!(app.count("select count(*) from event where type like 'queue%'").await, 0);

    worker.put(&path, good).await.expect(201);
}

#[tokio::test]
async fn a_refusal_never_repeats_what_the_person_answered() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let mut body = app.screening(person, app.new_id(), "phq9", phq9(&[]));
    body["answers"]["q1"] = json!("我不想活了");
    let answer = worker.put(&format!("/screenings/{}", app.new_id()), body).await;
    assert_eq!(answer.status, 422);
    assert!(!answer.text.contains("不想活"), "{}", answer.text);
}

#[tokio::test]
async fn without_consent_only_danger_to_life_with_a_reason_and_that_is_on_record() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let mut body = app.screening(person, app.new_id(), "c_ssrs_screener", c_ssrs_high());
    body["consent"] = Value::Null;
    worker.put(&format!("/screenings/{}", app.new_id()), body.clone()).await.refuses("consent");

    body["danger_to_life"] = json!({"reason": "站在桥边，不肯下来"});
    worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    assert_eq!(
        app.count("select count(*) from audit_entry where action = 'screening.submit_without_consent'").await,
        1
    );
}

#[tokio::test]
async fn a_child_needs_a_guardian() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.new_id();
    let child = json!({"name": "小明", "sex": "M", "birth_date": "2014-05-06", "org_id": app.town.grid});
    worker.put(&format!("/persons/{person}"), child).await.expect(201);
    let mut body = app.screening(person, app.new_id(), "asq", json!({"q1": 0, "q2": 0, "q3": 0, "q4": 0}));
    worker.put(&format!("/screenings/{}", app.new_id()), body.clone()).await.refuses("consent.by");
    body["consent"]["by"] = json!("guardian");
    body["consent"]["guardian_relation"] = json!("mother");
    worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
}

#[tokio::test]
async fn a_screening_of_the_wrong_person_moves_with_a_reason_and_stays_on_record() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let clinician = app.sign_in("clinician").await;
    let wrong = app.person(&worker, "王秀英").await;
    let right = app.person(&worker, "李国华").await;
    let (id, visit) = (app.new_id(), app.new_id());
    let body = app.screening(wrong, visit, "phq9", phq9(&[("q9", 1)]));
    worker.put(&format!("/screenings/{id}"), body).await.expect(201);

    let path = format!("/screenings/{id}/correct-person");
    let correction = |reason: &str, version: i64| json!({"person_id": right, "reason": reason, "expected_version": version});
    clinician.post(&path, correction("", 1)).await.refuses("reason");
    clinician.post(&path, correction("平板递错了人", 7)).await.problem(409, "version-conflict");
    clinician.post(&path, correction("平板递错了人", 1)).await.expect(204);

    let queue = clinician.get("/queue").await.expect(200);
    assert_eq!(queue["items"][0]["person"]["id"], json!(right));
    assert_eq!(app.count("select count(*) from screening_correction").await, 1);
    assert_eq!(
        app.count("select count(*) from audit_entry where action = 'screening.correct_person'").await,
        1
    );
}

#[tokio::test]
async fn what_a_tablet_still_sends_for_a_corrected_visit_follows_it_to_the_right_person() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let clinician = app.sign_in("clinician").await;
    let wrong = app.person(&worker, "王秀英").await;
    let right = app.person(&worker, "李国华").await;
    let stranger = app.person(&worker, "赵强").await;
    let (first, look, visit) = (app.new_id(), app.new_id(), app.new_id());
    let body = app.screening(wrong, visit, "phq9", phq9(&[("q9", 1)]));
    worker.put(&format!("/screenings/{first}"), body).await.expect(201);
    let correction = json!({"person_id": right, "reason": "平板递错了人", "expected_version": 1});
    clinician.post(&format!("/screenings/{first}/correct-person"), correction).await.expect(204);

    // the second look was waiting for a network meanwhile
    let mut body = app.screening(stranger, visit, "c_ssrs_screener", c_ssrs_high());
    body["look_of"] = json!(first);
    worker.put(&format!("/screenings/{}", app.new_id()), body.clone()).await.refuses("visit_id");
    body["person_id"] = json!(wrong);
    let path = format!("/screenings/{look}");
    let receipt = worker.put(&path, body.clone()).await.expect(201);
    assert_eq!(worker.put(&path, body).await.expect(200)["receipt"], receipt["receipt"]);
    assert_eq!(app.count("select count(distinct person_id) from screening").await, 1);
    app.run_due().await;
    let alarm = receipt["alarm_id"].as_str().unwrap();
    let dispatcher = app.sign_in("dispatcher").await;
    let opened = dispatcher.get(&format!("/alarms/{alarm}")).await.expect(200);
    assert_eq!(opened["person"]["name"], "李国华");
}

#[tokio::test]
async fn a_visit_that_was_moved_out_of_sight_still_takes_what_belongs_to_it() {
    let app = App::start().await;
    let (worker, neighbour) = (app.sign_in("worker").await, app.sign_in("neighbour").await);
    let clinician = app.sign_in("clinician").await;
    let wrong = app.person(&worker, "王秀英").await;
    let right = app.new_id();
    let file =
        json!({"name": "李国华", "sex": "M", "birth_date": "1970-02-03", "org_id": app.town.other_grid});
    neighbour.put(&format!("/persons/{right}"), file).await.expect(201);
    let (first, look, visit) = (app.new_id(), app.new_id(), app.new_id());
    let body = app.screening(wrong, visit, "phq9", phq9(&[("q9", 1)]));
    worker.put(&format!("/screenings/{first}"), body.clone()).await.expect(201);
    let correction = json!({"person_id": right, "reason": "平板递错了人", "expected_version": 1});
    clinician.post(&format!("/screenings/{first}/correct-person"), correction).await.expect(204);

    worker.get(&format!("/persons/{right}")).await.problem(404, "not-found");
    worker.put(&format!("/screenings/{first}"), body).await.expect(200);
    let mut body = app.screening(wrong, visit, "c_ssrs_screener", c_ssrs_high());
    body["look_of"] = json!(first);
    let receipt = worker.put(&format!("/screenings/{look}"), body).await.expect(201);
    assert_eq!(receipt["suggestion"]["tier"], 4);
    let danger = json!({"act_under_way": true, "means_within_reach": true, "alone": false});
    let path = format!("/screenings/{look}/danger");
    worker.put(&path, danger.clone()).await.expect(200);
    neighbour.put(&path, danger).await.expect(200);
    assert_eq!(app.count("select count(distinct person_id) from screening").await, 1);
}

/// The same answers as a device with a wrong clock says them.
fn by_clock(mut body: Value, wrong_by: Duration) -> Value {
    for pointer in ["/started_at", "/finished_at", "/consent/given_at"] {
        let at: chrono::DateTime<chrono::Utc> =
            body.pointer(pointer).unwrap().as_str().unwrap().parse().unwrap();
        *body.pointer_mut(pointer).unwrap() = json!(at + wrong_by);
    }
    body
}

#[tokio::test]
async fn a_tablet_that_is_six_minutes_fast_is_heard_and_its_alarm_rings() {
    let app = App::start().await;
    let (worker, dispatcher) = (app.sign_in("worker").await, app.sign_in("dispatcher").await);
    let person = app.person(&worker, "王秀英").await;
    let id = app.new_id();
    let fast = Duration::minutes(6);
    let body = by_clock(app.screening(person, app.new_id(), "c_ssrs_screener", c_ssrs_high()), fast);
    let path = format!("/screenings/{id}");

    let first = worker.put_by_clock(&path, body.clone(), app.now() + fast).await.expect(201);

    assert_eq!(first["suggestion"]["tier"], 4);
    app.run_due().await;
    let alarms = dispatcher.get("/alarms").await.expect(200);
    assert_eq!(alarms["items"][0]["priority"], "P1");
    assert_eq!(app.count("select count(*) from screening where finished_at = received_at").await, 1);
    assert_eq!(
        app.count("select count(*) from screening where (clock->'said'->>'finished_at')::timestamptz = finished_at + interval '6 minutes'").await,
        1,
        "what the device said is kept"
    );

    app.advance(Duration::minutes(20));
    let again = worker.put_by_clock(&path, body, app.now() + fast * 2).await.expect(200);
    assert_eq!(first, again, "when it was sent is no part of what was sent");
}

#[tokio::test]
async fn a_tablet_that_is_three_days_slow_gives_no_old_result() {
    let app = App::start().await;
    let (worker, clinician) = (app.sign_in("worker").await, app.sign_in("clinician").await);
    let person = app.person(&worker, "王秀英").await;
    let slow = Duration::days(-3);
    let body = by_clock(app.screening(person, app.new_id(), "phq9", phq9(&[("q9", 2)])), slow);

    let receipt = worker
        .put_by_clock(&format!("/screenings/{}", app.new_id()), body, app.now() + slow)
        .await
        .expect(201);

    assert_eq!(receipt["suggestion"]["alarm"], json!({"priority": "P2", "after_secs": 1800}));
    let due: chrono::DateTime<chrono::Utc> =
        receipt["queue_item"]["due_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(due, app.now() + Duration::minutes(30), "called back now, not reviewed some working day");
    let item = receipt["queue_item"]["id"].as_str().unwrap();
    let detail = clinician.get(&format!("/queue/{item}")).await.expect(200);
    assert_eq!(detail["clock"], json!({"behind_secs": 3 * 86_400, "flags": ["off"]}));
}

#[tokio::test]
async fn no_clock_keeps_an_answer_out() {
    let app = App::start().await;
    let (worker, clinician) = (app.sign_in("worker").await, app.sign_in("clinician").await);
    let person = app.person(&worker, "王秀英").await;
    let times = |start: Duration, end: Duration| {
        let mut body = app.screening(person, app.new_id(), "phq9", phq9(&[("q9", 2)]));
        body["started_at"] = json!(app.now() + start);
        body["finished_at"] = json!(app.now() + end);
        body["consent"]["given_at"] = json!(app.now() + start.min(end));
        body
    };
    let minutes = Duration::minutes;
    let cases = [
        (times(minutes(57), minutes(60)), "finished_in_future"),
        (times(Duration::days(-20_000), Duration::days(-20_000)), "finished_long_ago"),
        (times(minutes(-1), minutes(-10)), "started_after_finish"),
        (times(Duration::days(-2), minutes(-1)), "took_too_long"),
    ];
    for (body, flag) in cases {
        let path = format!("/screenings/{}", app.new_id());
        let receipt = worker.put(&path, body).await.expect(201);
        assert_eq!(receipt["suggestion"]["alarm"]["after_secs"], 1800, "{flag}");
        let item = receipt["queue_item"]["id"].as_str().unwrap();
        let detail = clinician.get(&format!("/queue/{item}")).await.expect(200);
        assert_eq!(detail["clock"]["flags"], json!([flag]));
    }
    let unreadable = worker
        .request(reqwest::Method::PUT, &format!("/screenings/{}", app.new_id()))
        .header("x-sent-at", "soon")
        .json(&times(minutes(-2), minutes(0)));
    assert_eq!(unreadable.send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn every_answer_says_what_time_it_is_here() {
    let app = App::start().await;
    let answer = app.sign_in("worker").await.get("/me").await;
    assert_eq!(answer.headers["date"], "Sat, 21 Nov 2026 18:15:00 GMT");
}

#[tokio::test]
async fn a_scale_is_sent_as_it_was_hashed() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let list = worker.get("/scales").await.expect(200);
    for row in list.as_array().unwrap() {
        let (code, version) = (row["code"].as_str().unwrap(), row["version"].as_str().unwrap());
        let answer = worker.get(&format!("/scales/{code}/{version}")).await;
        assert_eq!(answer.headers["content-type"], "application/json");
        let scale = rules::scale::Scale::parse(&answer.text).unwrap();
        assert_eq!((scale.hash(), scale.json()), (row["hash"].as_str().unwrap(), answer.text.as_str()));
    }
}
