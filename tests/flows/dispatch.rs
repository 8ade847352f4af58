//! The story of an alarm: it rings, somebody has it, and nothing is lost or doubled on the way.

use crate::harness::{App, Client, Screen, c_ssrs_high, phq9};
use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

/// Item 9 is answered 2, the second look comes out high.
async fn danger(app: &App, worker: &Client) -> Uuid {
    let person = app.person(worker, "王秀英").await;
    let (first, look, visit) = (app.new_id(), app.new_id(), app.new_id());
    let body = app.screening(person, visit, "phq9", phq9(&[("q9", 2)]));
    worker.put(&format!("/screenings/{first}"), body).await.expect(201);
    let mut body = app.screening(person, visit, "c_ssrs_screener", c_ssrs_high());
    body["look_of"] = json!(first);
    let receipt = worker.put(&format!("/screenings/{look}"), body).await.expect(201);
    app.run_due().await;
    receipt["alarm_id"].as_str().unwrap().parse().unwrap()
}

async fn alarm(client: &Client, id: Uuid) -> Value {
    client.get(&format!("/alarms/{id}")).await.expect(200)
}

async fn press(client: &Client, id: Uuid, verb: &str, mut body: Value) -> crate::harness::Answer {
    if body.get("expected_version").is_none() {
        body["expected_version"] = alarm(client, id).await["version"].clone();
    }
    client.post(&format!("/alarms/{id}/{verb}"), body).await
}

#[tokio::test]
async fn an_answer_at_the_door_rings_and_is_followed_to_the_end() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let mut screen = Screen::open(&app, &dispatcher).await;

    let id = danger(&app, &worker).await;
    let raised = screen.event("alarm.raised").await["body"]["alarm"].clone();
    assert_eq!(raised["priority"], "P1");
    assert_eq!(raised["who"]["name_masked"], "王**");
    assert_eq!(raised["where"]["district"], "青枫区");
    assert!(!raised["why"].as_array().unwrap().is_empty());
    assert!(!raised["why"][0]["source"].as_str().unwrap().is_empty());

    screen.send(json!({"t": "presented", "alarm_id": id})).await;
    app.run_due().await;
    // nobody takes it: after the policy's seconds the duty lead is called too
    app.advance(Duration::seconds(15));
    app.run_due().await;
    let told: Vec<Value> = alarm(&dispatcher, id).await["told"].as_array().unwrap().clone();
    assert!(told.iter().any(|told| told["post"] == "duty_lead" && told["name"] == "陈立群"), "{told:?}");

    press(&dispatcher, id, "claim", json!({})).await.expect(200);
    press(&dispatcher, id, "acknowledge", json!({})).await.expect(200);
    press(&dispatcher, id, "note", json!({"text": "家属已在路上"})).await.expect(200);
    // the escalation stops with the one who has it
    app.advance(Duration::seconds(60));
    app.run_due().await;
    assert_eq!(alarm(&dispatcher, id).await["state"], "acknowledged");
    press(&dispatcher, id, "close", json!({"code": "handed_over", "reason": "网格员与家属在场，送市三院"}))
        .await
        .expect(200);

    let detail = alarm(&dispatcher, id).await;
    let kinds: Vec<&str> =
        detail["timeline"].as_array().unwrap().iter().map(|line| line["type"].as_str().unwrap()).collect();
    for kind in
        ["alarm.raised", "alarm.told", "alarm.claimed", "alarm.acknowledged", "alarm.noted", "alarm.closed"]
    {
        assert!(kinds.contains(&kind), "{kind} is missing in {kinds:?}");
    }
    assert_eq!(detail["person"]["name"], "王秀英");
    let queue = dispatcher.get("/queue").await.expect(200);
    assert_eq!(queue["items"][0]["state"], "open", "closing an alarm never closes the queue item");
    assert!(queue["items"][0]["due_at"].is_string() && queue["items"][0]["owner"]["post"].is_string());
}

#[tokio::test]
async fn a_crash_in_the_middle_loses_nothing_doubles_nothing_and_the_escalation_goes_on() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let (look, visit) = (app.new_id(), app.new_id());
    let body = app.screening(person, visit, "c_ssrs_screener", c_ssrs_high());
    // committed, but the server dies before the alarm's timer fires
    let receipt = worker.put(&format!("/screenings/{look}"), body).await.expect(201);
    assert_eq!(app.count("select count(*) from alarm").await, 0);

    let app = app.restart().await;
    app.run_due().await;
    assert_eq!(app.count("select count(*) from alarm").await, 1);
    let app = app.restart().await;
    app.advance(Duration::seconds(15));
    app.run_due().await;
    app.run_due().await;
    let dispatcher = app.sign_in("dispatcher").await;
    let id: Uuid = receipt["alarm_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id, Uuid::new_v5(&look, b"alarm"));
    let alarm = alarm(&dispatcher, id).await;
    let leads = alarm["told"].as_array().unwrap().iter().filter(|told| told["post"] == "duty_lead").count();
    assert_eq!(leads, 1, "{alarm}");
    assert_eq!(app.count("select count(*) from alarm").await, 1);
}

#[tokio::test]
async fn the_tablet_and_the_server_make_one_alarm() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let id = danger(&app, &worker).await;
    let from_tablet = json!({"kind": "screening", "raised_at": app.now()});
    worker.put(&format!("/alarms/{id}"), from_tablet.clone()).await.expect(200);
    worker.put(&format!("/alarms/{id}"), from_tablet).await.expect(200);
    assert_eq!(app.count("select count(*) from alarm").await, 1);
}

#[tokio::test]
async fn the_tablets_alarm_may_come_first_and_the_screening_tells_what_it_is_about() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let person = app.person(&worker, "王秀英").await;
    let (look, visit) = (app.new_id(), app.new_id());
    let id = Uuid::new_v5(&look, b"alarm");
    worker.put(&format!("/alarms/{id}"), json!({"kind": "screening", "person_id": person})).await.expect(201);
    let body = app.screening(person, visit, "c_ssrs_screener", c_ssrs_high());
    worker.put(&format!("/screenings/{look}"), body).await.expect(201);
    app.run_due().await;
    let seen = alarm(&dispatcher, id).await;
    assert!(seen["queue_item_id"].is_string(), "{seen}");
    assert!(!seen["why"].as_array().unwrap().is_empty());
    assert_eq!(app.count("select count(*) from alarm").await, 1);
}

#[tokio::test]
async fn a_worker_follows_the_alarm_of_the_own_screening() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let id = danger(&app, &worker).await;
    let seen = worker.get(&format!("/alarms/{id}")).await.expect(200);
    assert_eq!(seen["state"], "raised");
}

#[tokio::test]
async fn a_button_about_the_same_person_joins_the_open_alarm_and_is_counted() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let id = danger(&app, &worker).await;
    let person = alarm(&dispatcher, id).await["who"]["person_id"].clone();
    for _ in 0..3 {
        let button = json!({"kind": "button", "person_id": person});
        worker.put(&format!("/alarms/{}", app.new_id()), button).await.expect(200);
    }
    assert_eq!(alarm(&dispatcher, id).await["count"], 4);
    assert_eq!(app.count("select count(*) from alarm").await, 1);
    assert_eq!(app.count("select count(*) from alarm_signal").await, 4, "every press is kept");
}

#[tokio::test]
async fn presses_at_once_about_one_person_are_one_alarm() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let presses = (0..10).map(|_| {
        let (worker, id) = (worker.clone(), app.new_id());
        async move {
            worker.put(&format!("/alarms/{id}"), json!({"kind": "button", "person_id": person})).await.status
        }
    });
    let statuses = futures_util::future::join_all(presses).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(app.count("select count(*) from alarm").await, 1);
    assert_eq!(app.count("select count(*) from alarm_signal").await, 10);
}

#[tokio::test]
async fn of_two_who_claim_the_slower_is_told_who_was_first() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let first = app.sign_in("dispatcher2").await;
    let second = app.sign_in("dispatcher").await;
    let id = danger(&app, &worker).await;
    let version = alarm(&first, id).await["version"].clone();
    press(&first, id, "claim", json!({"expected_version": version})).await.expect(200);
    let conflict = press(&second, id, "claim", json!({"expected_version": version}))
        .await
        .problem(409, "version-conflict");
    assert_eq!(conflict["winner"]["name"], "李娜");
}

#[tokio::test]
async fn a_claim_without_action_falls_back_and_rings_on() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let id = danger(&app, &worker).await;
    press(&dispatcher, id, "claim", json!({})).await.expect(200);
    app.advance(Duration::seconds(61));
    app.run_due().await;
    let alarm = alarm(&dispatcher, id).await;
    assert_eq!(alarm["state"], "raised");
    assert!(alarm["next_step"]["at"].is_string(), "{alarm}");
}

#[tokio::test]
async fn a_p1_is_a_false_alarm_only_for_two_people() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let id = danger(&app, &worker).await;
    press(&dispatcher, id, "claim", json!({})).await.expect(200);
    press(&dispatcher, id, "acknowledge", json!({})).await.expect(200);
    let closing =
        |second: Value| json!({"code": "false_alarm", "reason": "误触，本人在场确认", "second": second});
    let alone = press(&dispatcher, id, "close", json!({"code": "false_alarm", "reason": "误触"})).await;
    assert_eq!(alone.status, 409, "{}", alone.text);
    for code in ["accidental", "test", "duplicate"] {
        let alone = press(&dispatcher, id, "close", json!({"code": code, "reason": "误触"})).await;
        alone.problem(409, "second-person-needed");
    }
    let codes = alarm(&dispatcher, id).await["second_person_for"].clone();
    assert_eq!(codes, json!(["false_alarm", "accidental", "test", "duplicate"]));
    let oneself = json!({"login": "dispatcher", "password": crate::harness::PASSWORD});
    let oneself = press(&dispatcher, id, "close", closing(oneself)).await;
    assert!(oneself.status == 409 || oneself.status == 403, "{}", oneself.text);
    let guess = json!({"login": "lead", "password": "wrong"});
    assert_eq!(press(&dispatcher, id, "close", closing(guess)).await.status, 401);
    assert_eq!(alarm(&dispatcher, id).await["state"], "acknowledged");

    let lead = json!({"login": "lead", "password": crate::harness::PASSWORD});
    let closed = press(&dispatcher, id, "close", closing(lead)).await.expect(200);
    assert_eq!(closed["alarm"]["closed"]["second"], "陈立群");
}

#[tokio::test]
async fn who_raised_it_sees_how_it_stands_and_nothing_that_others_wrote() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let neighbour = app.sign_in("neighbour").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let person = app.person(&worker, "王秀英").await;
    let id = app.new_id();
    worker.put(&format!("/alarms/{id}"), json!({"kind": "button", "person_id": person})).await.expect(201);
    press(&dispatcher, id, "claim", json!({})).await.expect(200);
    press(&dispatcher, id, "note", json!({"text": "只给调度台看的话"})).await.expect(200);

    let seen = worker.get(&format!("/alarms/{id}")).await;
    assert!(!seen.text.contains("只给调度台看"), "{}", seen.text);
    assert_eq!(seen.expect(200)["claimed"]["by"], "周岚");
    worker.get("/alarms").await.problem(403, "forbidden");
    press(&neighbour, id, "claim", json!({"expected_version": 1})).await.problem(403, "forbidden");
    neighbour.get(&format!("/alarms/{id}")).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_yes_to_danger_raises_and_a_no_never_lowers() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let person = app.person(&worker, "王秀英").await;
    let (look, visit) = (app.new_id(), app.new_id());
    // q4 without q5: high, P2
    let answers = json!({"q1": 1, "q2": 1, "q3": 1, "q4": 1, "q5": 0, "q6": 0});
    let body = app.screening(person, visit, "c_ssrs_screener", answers);
    let receipt = worker.put(&format!("/screenings/{look}"), body).await.expect(201);
    assert_eq!(receipt["suggestion"]["priority"], "P2");
    app.run_due().await;
    let id: Uuid = receipt["alarm_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(alarm(&dispatcher, id).await["priority"], "P2");

    let danger = |means: bool| json!({"act_under_way": null, "means_within_reach": means, "alone": false});
    worker.put(&format!("/screenings/{look}/danger"), danger(true)).await.expect(200);
    app.run_due().await;
    assert_eq!(alarm(&dispatcher, id).await["priority"], "P1");
    worker.put(&format!("/screenings/{look}/danger"), danger(false)).await.expect(200);
    app.run_due().await;
    assert_eq!(alarm(&dispatcher, id).await["priority"], "P1");
    assert_eq!(app.count("select count(*) from alarm").await, 1);
}

#[tokio::test]
async fn a_strong_answer_without_a_second_look_rings_after_half_an_hour_unless_somebody_called() {
    for was_called in [false, true] {
        let app = App::start().await;
        let worker = app.sign_in("worker").await;
        let counsellor = app.sign_in("counsellor").await;
        let person = app.person(&worker, "王秀英").await;
        let body = app.screening(person, app.new_id(), "phq9", phq9(&[("q9", 3)]));
        let receipt = worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
        app.advance(Duration::minutes(20));
        app.run_due().await;
        assert_eq!(app.count("select count(*) from alarm where kind <> 'system'").await, 0);
        if was_called {
            let item = receipt["queue_item"]["id"].as_str().unwrap();
            let path = format!("/queue/{item}/contacted");
            counsellor.post(&path, json!({"expected_version": 1, "note": "已回电"})).await.expect(200);
        }
        app.advance(Duration::minutes(11));
        app.run_due().await;
        let rang = app.count("select count(*) from alarm where kind <> 'system' and priority = 2").await;
        assert_eq!(rang, i64::from(!was_called));
    }
}

#[tokio::test]
async fn no_red_is_ever_without_an_owner_and_a_deadline() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    danger(&app, &worker).await;
    for _ in 0..20 {
        app.advance(Duration::minutes(7));
        app.run_due().await;
        let orphans = app
            .count("select count(*) from queue_item where tier >= 2 and state <> 'closed' and (owner_post is null or due_at is null)")
            .await;
        assert_eq!(orphans, 0);
        let silent = app
            .count(
                "select count(*) from alarm a where state <> 'closed' and priority < 4
                   and not exists (select from timer t where t.subject_id = a.id and t.done_at is null)",
            )
            .await;
        assert_eq!(silent, 0, "an open alarm that waits for nothing");
    }
}

/// Another system that fails once and then answers; it keeps what it was sent.
async fn gateway() -> (String, std::sync::Arc<std::sync::Mutex<Vec<(axum::http::HeaderMap, String)>>>) {
    let kept: std::sync::Arc<std::sync::Mutex<Vec<_>>> = std::sync::Arc::default();
    let keeps = std::sync::Arc::clone(&kept);
    let post = axum::routing::post(move |headers: axum::http::HeaderMap, body: String| {
        let mut kept = keeps.lock().unwrap();
        kept.push((headers, body));
        std::future::ready(if kept.len() == 1 {
            axum::http::StatusCode::BAD_GATEWAY
        } else {
            axum::http::StatusCode::OK
        })
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, axum::Router::new().route("/hook", post)).into_future());
    (url, kept)
}

#[tokio::test]
async fn a_notice_outside_is_signed_repeated_under_one_key_and_names_nobody() {
    let (url, kept) = gateway().await;
    let app = App::start().await.restart_with_webhook(&url).await;
    let worker = app.sign_in("worker").await;
    danger(&app, &worker).await;
    app.advance(Duration::seconds(15));
    app.run_due().await;
    app.advance(Duration::seconds(40));
    app.run_due().await;
    app.run_due().await;

    let kept = kept.lock().unwrap();
    let times = |key: &axum::http::HeaderValue| {
        kept.iter().filter(|(headers, _)| headers["idempotency-key"] == *key).count()
    };
    let first = &kept[0].0["idempotency-key"];
    assert_eq!(times(first), 2, "the first try failed, the second has a receipt, there is no third");
    for (headers, _) in kept.iter().filter(|(headers, _)| headers["idempotency-key"] != *first) {
        assert_eq!(times(&headers["idempotency-key"]), 1);
    }
    for (headers, body) in kept.iter() {
        assert!(headers["x-xindeng-signature"].to_str().unwrap().contains("v1="));
        for word in ["王", "138", "滨江", "PHQ", "C-SSRS", "自杀", "suicid"] {
            assert!(!body.contains(word), "{body}");
        }
    }
}

#[tokio::test]
async fn the_next_step_wanted_by_whoever_has_the_alarm_is_told_outside_too() {
    let (url, kept) = gateway().await;
    let app = App::start().await.restart_with_webhook(&url).await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let id = danger(&app, &worker).await;
    press(&dispatcher, id, "claim", json!({})).await.expect(200);
    press(&dispatcher, id, "acknowledge", json!({})).await.expect(200);
    assert!(kept.lock().unwrap().is_empty());
    press(&dispatcher, id, "escalate", json!({"reason": "需要值班长"})).await.expect(200);
    app.run_due().await;
    assert_eq!(kept.lock().unwrap().len(), 1, "the duty lead's phone");
}

#[tokio::test]
async fn whoever_is_called_again_gives_a_receipt_again() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let mut screen = Screen::open(&app, &dispatcher).await;
    let id = danger(&app, &worker).await;
    let receipt_of = async |screen: &mut Screen| {
        let is_called = |told: &Value| told["name"] == "周岚" && told["receipt_at"].is_null();
        let told = |frame: &Value| {
            frame["body"]["alarm"]["told"].as_array().is_some_and(|told| told.iter().any(is_called))
        };
        screen.until(|frame| frame["type"] == "alarm.told" && told(frame)).await;
        screen.send(json!({"t": "presented", "alarm_id": id})).await;
        // a pong comes after what was sent before it has been heard
        screen.send(json!({"t": "ping", "n": 1})).await;
        screen.until(|frame| frame["t"] == "pong").await;
        let told = alarm(&dispatcher, id).await["told"].clone();
        assert!(!told.as_array().unwrap().iter().any(is_called), "{told}");
    };
    receipt_of(&mut screen).await;

    // the claim lapses and the plan goes on to the seat in its next lap
    press(&dispatcher, id, "acknowledge", json!({})).await.expect(200);
    app.advance(Duration::minutes(6));
    app.run_due().await;
    assert_eq!(alarm(&dispatcher, id).await["state"], "raised");
    app.run_due().await;
    receipt_of(&mut screen).await;
}
