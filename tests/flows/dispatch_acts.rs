//! What people do with an alarm, act by act, and what happens when the database is away.

use crate::harness::{Answer, App, Client, Screen};
use chrono::Duration;
use serde_json::{Value, json};
use uuid::Uuid;

async fn raise(app: &App, worker: &Client, body: Value) -> Uuid {
    let id = app.new_id();
    worker.put(&format!("/alarms/{id}"), body).await.expect(201);
    app.run_due().await;
    id
}

async fn alarm(client: &Client, id: Uuid) -> Value {
    client.get(&format!("/alarms/{id}")).await.expect(200)
}

async fn act(client: &Client, id: Uuid, verb: &str, mut body: Value) -> Answer {
    body["expected_version"] = alarm(client, id).await["version"].clone();
    client.post(&format!("/alarms/{id}/{verb}"), body).await
}

#[tokio::test]
async fn a_person_who_is_not_reached_is_tried_again_as_often_as_needed() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let id = raise(&app, &worker, json!({"kind": "word", "place": "河边", "note": "她说今晚"})).await;
    act(&dispatcher, id, "cannot-reach", json!({"how": "电话无人接听", "retry_in_secs": 60}))
        .await
        .problem(409, "alarm-not-held");
    act(&dispatcher, id, "acknowledge", json!({})).await.expect(200);
    act(&dispatcher, id, "cannot-reach", json!({"how": "电话", "retry_in_secs": 100_000}))
        .await
        .refuses("secs");
    for tries in 1..=3 {
        let body = json!({"how": "电话无人接听", "retry_in_secs": 120});
        act(&dispatcher, id, "cannot-reach", body).await.expect(200);
        app.advance(Duration::seconds(121));
        app.run_due().await;
        let retried = app.count("select count(*) from event where type = 'alarm.retry_due'").await;
        assert_eq!(retried, tries);
    }
    let detail = alarm(&dispatcher, id).await;
    assert_eq!(detail["state"], "acknowledged");
    let texts = detail["timeline"].to_string();
    assert!(texts.contains("电话无人接听") && texts.contains("她说今晚"), "{texts}");
    assert!(!app.count("select count(*) from event where body::text like '%电话%'").await.is_positive());
}

#[tokio::test]
async fn an_acknowledged_alarm_that_nobody_works_on_rings_again_from_the_first_step() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let id = raise(&app, &worker, json!({"kind": "button"})).await;
    act(&dispatcher, id, "acknowledge", json!({})).await.expect(200);
    app.advance(Duration::seconds(200));
    act(&dispatcher, id, "note", json!({"text": "在路上"})).await.expect(200);
    app.advance(Duration::seconds(200));
    app.run_due().await;
    assert_eq!(alarm(&dispatcher, id).await["state"], "acknowledged", "a note is a sign of life");
    app.advance(Duration::seconds(101));
    app.run_due().await;
    let again = alarm(&dispatcher, id).await;
    assert_eq!(again["state"], "raised");
    assert!(again["returned_at"].is_string());
    let told = "select count(*) from event where type = 'alarm.told' and body -> 'told' ->> 'post' = 'seat_dispatcher'";
    assert_eq!(app.count(told).await, 4, "both seats, twice");
}

#[tokio::test]
async fn a_p2_is_put_aside_and_comes_back_a_p1_never() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let p1 = raise(&app, &worker, json!({"kind": "button"})).await;
    let shelf = json!({"for_secs": 300, "reason": "先处理别的"});
    act(&dispatcher, p1, "shelve", shelf.clone()).await.problem(409, "alarm-never-shelved");
    let p2 = raise(&app, &worker, json!({"kind": "word"})).await;
    assert!(
        act(&dispatcher, p2, "shelve", shelf.clone()).await.expect(200)["alarm"]["shelved_until"].is_string()
    );
    act(&dispatcher, p2, "unshelve", json!({})).await.expect(200);
    act(&dispatcher, p2, "shelve", shelf).await.expect(200);
    app.advance(Duration::seconds(301));
    app.run_due().await;
    assert!(alarm(&dispatcher, p2).await["shelved_until"].is_null());
}

#[tokio::test]
async fn the_next_step_can_be_wanted_now_and_the_alarm_given_back() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let id = raise(&app, &worker, json!({"kind": "button"})).await;
    act(&dispatcher, id, "acknowledge", json!({})).await.expect(200);
    act(&dispatcher, id, "escalate", json!({"reason": "需要值班长"})).await.expect(200);
    app.run_due().await;
    let told = alarm(&dispatcher, id).await["told"].to_string();
    assert!(told.contains("陈立群"), "{told}");
    act(&dispatcher, id, "release", json!({})).await.expect(200);
    app.run_due().await;
    let given_back = alarm(&dispatcher, id).await;
    assert_eq!(given_back["state"], "raised");
    assert!(given_back["told"].to_string().contains("何敏"), "the director is next: {given_back}");
}

#[tokio::test]
async fn a_next_step_whose_answer_was_lost_is_asked_again_and_comes_once() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let id = raise(&app, &worker, json!({"kind": "button"})).await;
    act(&dispatcher, id, "acknowledge", json!({})).await.expect(200);
    let command =
        json!({"reason": "需要值班长", "expected_version": alarm(&dispatcher, id).await["version"]});
    let path = format!("/alarms/{id}/escalate");
    dispatcher.post(&path, command.clone()).await.expect(200);
    app.run_due().await;
    let again = dispatcher.post(&path, command).await.expect(200);
    app.run_due().await;
    let shown = alarm(&dispatcher, id).await;
    assert_eq!(shown["version"], again["alarm"]["version"]);
    assert_eq!(shown["timeline"].to_string().matches("alarm.escalated").count(), 1);
    assert!(!shown["told"].to_string().contains("何敏"), "the director is a step further: {shown}");
    // whoever has seen the step and presses means the next one
    act(&dispatcher, id, "escalate", json!({})).await.expect(200);
    app.run_due().await;
    assert!(alarm(&dispatcher, id).await["told"].to_string().contains("何敏"));
}

#[tokio::test]
async fn the_second_person_may_answer_from_another_screen() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let (dispatcher, lead) = (app.sign_in("dispatcher").await, app.sign_in("lead").await);
    let id = raise(&app, &worker, json!({"kind": "button"})).await;
    act(&dispatcher, id, "acknowledge", json!({})).await.expect(200);
    let closing = json!({"code": "false_alarm", "reason": "误触"});
    act(&dispatcher, id, "close", closing.clone()).await.problem(409, "second-person-needed");
    act(&lead, id, "second", json!({})).await.problem(409, "nothing-asked");
    let mut asking = closing;
    asking["ask_second"] = json!(true);
    let asked = act(&dispatcher, id, "close", asking).await.expect(200);
    assert_eq!(asked["alarm"]["close_asked"]["by"], "周岚");
    let closed = act(&lead, id, "second", json!({})).await.expect(200);
    assert_eq!(closed["alarm"]["state"], "closed");
    assert_eq!(closed["alarm"]["closed"]["second"], "陈立群");
    let list = dispatcher.get("/alarms?state=closed").await.expect(200);
    assert_eq!(list["items"][0]["id"], json!(id));
    act(&dispatcher, id, "reopen", json!({})).await.expect(200);
    app.run_due().await;
    assert_eq!(alarm(&dispatcher, id).await["state"], "raised");
}

#[tokio::test]
async fn a_note_sent_twice_is_one_note_and_a_merge_is_nobodys_conflict() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let id = raise(&app, &worker, json!({"kind": "button"})).await;
    let version = alarm(&dispatcher, id).await["version"].clone();
    let note = json!({"id": app.new_id(), "text": "已联系家属", "expected_version": version});
    for _ in 0..2 {
        dispatcher.post(&format!("/alarms/{id}/note"), note.clone()).await.expect(200);
    }
    assert_eq!(app.count("select count(*) from alarm_note").await, 1);
    // pressed again meanwhile: what the dispatcher saw before still lets them claim
    worker.put(&format!("/alarms/{}", app.new_id()), json!({"kind": "button"})).await.expect(200);
    let claim = dispatcher.post(&format!("/alarms/{id}/claim"), json!({"expected_version": version})).await;
    assert_eq!(claim.expect(200)["alarm"]["count"], 2);
}

#[tokio::test]
async fn one_id_about_two_people_is_refused_and_odd_values_are_named() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let (one, other) = (app.person(&worker, "王秀英").await, app.person(&worker, "李丽").await);
    let id = raise(&app, &worker, json!({"kind": "button", "person_id": one})).await;
    let again = json!({"kind": "button", "person_id": other});
    worker.put(&format!("/alarms/{id}"), again).await.problem(409, "id-reused");
    for (field, body) in [
        ("kind", json!({"kind": "system"})),
        ("priority", json!({"kind": "button", "priority": 9})),
        ("org_id", json!({"kind": "button", "org_id": Uuid::nil()})),
        ("place", json!({"kind": "button", "place": "很".repeat(201)})),
    ] {
        worker.put(&format!("/alarms/{}", app.new_id()), body).await.refuses(field);
    }
    let caseworker = app.sign_in("auditadmin").await;
    caseworker
        .put(&format!("/alarms/{}", app.new_id()), json!({"kind": "button"}))
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn opening_an_alarm_is_written_down_and_every_act_too() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let (dispatcher, counsellor) = (app.sign_in("dispatcher").await, app.sign_in("counsellor").await);
    let person = app.person(&worker, "王秀英").await;
    let id = raise(&app, &worker, json!({"kind": "button", "person_id": person})).await;
    assert_eq!(alarm(&dispatcher, id).await["person"]["phone"], "13800005678");
    let masked = counsellor.get(&format!("/alarms/{id}")).await;
    assert!(!masked.text.contains("王秀英") && !masked.text.contains("13800005678"), "{}", masked.text);
    act(&dispatcher, id, "claim", json!({})).await.expect(200);
    for action in ["alarm.raise", "alarm.open", "alarm.claim"] {
        let sql = match action {
            "alarm.raise" => "select count(*) from audit_entry where action = 'alarm.raise'",
            "alarm.open" => "select count(*) from audit_entry where action = 'alarm.open'",
            _ => "select count(*) from audit_entry where action = 'alarm.claim'",
        };
        assert!(app.count(sql).await >= 1, "{action}");
    }
}

#[tokio::test]
async fn a_press_while_the_database_is_away_is_kept_shown_and_raised_once() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let person = app.person(&worker, "王秀英").await;
    worker.get("/me").await.expect(200);
    let mut screen = Screen::open(&app, &dispatcher).await;
    app.ctx.db.close().await;

    let id = app.new_id();
    let press = json!({"kind": "button", "person_id": person, "place": "河边", "note": "她站在桥上"});
    for _ in 0..2 {
        let kept = worker.put(&format!("/alarms/{id}"), press.clone()).await.expect(202);
        assert_eq!(kept["durable"], "local");
    }
    let shown = screen.until(|frame| frame["t"] == "local_alarm").await;
    assert_eq!(shown["alarm"]["id"], json!(id));
    assert_eq!(shown["alarm"]["place"], "河边");
    app.anonymous().put(&format!("/alarms/{}", app.new_id()), press).await.problem(401, "signed-out");
    worker.get("/me").await.problem(503, "unavailable");

    app.advance(Duration::seconds(20));
    let app = app.restart().await;
    let dispatcher = app.sign_in("dispatcher").await;
    let late = Screen::open(&app, &dispatcher).await;
    let shown: Vec<_> = late.journaled.iter().map(|alarm| alarm["id"].clone()).collect();
    assert_eq!(shown, vec![json!(id); 2], "a board that connects before it is raised sees it too");
    assert_eq!(server::dispatch::replay(&app.ctx).await.unwrap(), 2);
    assert!(Screen::open(&app, &dispatcher).await.journaled.is_empty());
    assert_eq!(server::dispatch::replay(&app.ctx).await.unwrap(), 0);
    app.run_due().await;
    assert_eq!(app.count("select count(*) from alarm").await, 1);
    assert_eq!(app.count("select count(*) from alarm_signal").await, 1);
    let raised = alarm(&dispatcher, id).await;
    assert!(raised["timeline"].to_string().contains("她站在桥上"));
    assert!(
        raised["told"].to_string().contains("陈立群"),
        "its twenty seconds have already passed: {raised}"
    );
}

/// Timers lock their row and then the alarm, people lock the alarm and then its timers; neither waits for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn people_and_timers_act_at_once_and_nobody_waits_for_ever() {
    let app = std::sync::Arc::new(App::start().await);
    let worker = app.sign_in("worker").await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(raise(&app, &worker, json!({"kind": "word"})).await);
    }
    let dispatcher = app.sign_in("dispatcher").await;
    let firing = (0..3).map(|_| {
        let app = std::sync::Arc::clone(&app);
        tokio::spawn(async move {
            for _ in 0..40 {
                app.advance(Duration::seconds(7));
                server::platform::timers::fire_due(&app.ctx).await.unwrap();
            }
        })
    });
    let acting = ids.into_iter().map(|id| {
        let dispatcher = dispatcher.clone();
        tokio::spawn(async move {
            for verb in
                ["claim", "acknowledge", "note", "release", "acknowledge", "escalate", "release"].repeat(3)
            {
                let mut body = json!({"text": "…"});
                if verb != "note" {
                    body = json!({});
                }
                let answer = act(&dispatcher, id, verb, body).await;
                assert!(answer.status < 500, "{verb}: {}", answer.text);
            }
        })
    });
    let all: Vec<_> = firing.chain(acting).collect();
    for task in all {
        task.await.unwrap();
    }
    assert_eq!(
        app.count("select deadlocks from pg_stat_database where datname = current_database()").await,
        0
    );
    assert_eq!(app.count("select count(*) from timer where attempts > 0").await, 0, "no handler failed");
    let gaps = "select count(*) from stream_head h
                 where h.seq <> (select count(*) from event e where e.stream = h.stream and e.epoch = h.epoch)";
    assert_eq!(app.count(gaps).await, 0);
}
