//! The auditor: what must never be is found, mended where that is safe, and said aloud once an hour.

use crate::harness::{App, Client, c_ssrs_high};
use chrono::Duration;
use serde_json::json;
use server::overview::{Invariant, check};
use uuid::Uuid;

async fn press(app: &App, worker: &Client) -> Uuid {
    let id = app.new_id();
    worker.put(&format!("/alarms/{id}"), json!({"kind": "button"})).await.expect(201);
    app.run_due().await;
    id
}

async fn found(app: &App) -> Vec<Invariant> {
    check(&app.ctx).await.unwrap().into_iter().map(|violation| violation.invariant).collect()
}

#[tokio::test]
async fn a_quiet_night_has_nothing_to_say() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    press(&app, &worker).await;
    for _ in 0..12 {
        app.advance(Duration::minutes(5));
        app.run_due().await;
        assert_eq!(found(&app).await, []);
    }
    assert_eq!(app.count("select count(*) from alarm where kind = 'system'").await, 0);
}

#[tokio::test]
async fn an_alarm_that_lost_its_timer_gets_it_back_and_the_loss_is_an_alarm_once_an_hour() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let id = press(&app, &worker).await;
    app.execute("update timer set done_at = due_at where done_at is null").await;
    let violations = check(&app.ctx).await.unwrap();
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert!(violations[0].is_mended);
    assert_eq!((violations[0].invariant, violations[0].subject), (Invariant::AlarmHasTimer, Some(id)));
    assert_eq!(found(&app).await, []);

    app.execute("update timer set done_at = due_at where kind = 'dispatch.escalate' and done_at is null")
        .await;
    app.execute("update timer set done_at = due_at where kind = 'dispatch.presented' and done_at is null")
        .await;
    assert!(found(&app).await.contains(&Invariant::AlarmHasTimer));
    let faults = "select count(*) from alarm where kind = 'system' and reason = 'alarm_without_timer'";
    assert_eq!(app.count(faults).await, 1);
    app.advance(Duration::seconds(15));
    app.run_due().await;
    let told = "select count(*) from delivery where post = 'duty_lead'";
    assert!(app.count(told).await >= 1, "the escalation goes on");
}

#[tokio::test]
async fn a_result_in_tier_4_without_its_alarm_is_found_within_five_seconds() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let look = app.new_id();
    let body = app.screening(person, app.new_id(), "c_ssrs_screener", c_ssrs_high());
    worker.put(&format!("/screenings/{look}"), body).await.expect(201);
    app.execute("update timer set done_at = due_at where kind = 'dispatch.raise'").await;
    app.advance(Duration::seconds(6));
    assert!(found(&app).await.contains(&Invariant::SuggestionHasAlarm));
    app.run_due().await;
    assert_eq!(app.count("select count(*) from alarm where kind = 'screening'").await, 1);
    assert_eq!(found(&app).await, []);
}

#[tokio::test]
async fn late_timers_lapsed_leases_and_gaps_are_found() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    press(&app, &worker).await;
    app.advance(Duration::seconds(20));
    assert!(found(&app).await.contains(&Invariant::TimerOnTime));
    app.run_due().await;
    app.execute("update delivery set state = 'sending', lapses = 2 where post = 'duty_lead'").await;
    app.execute("update stream_head set seq = seq + 1 where stream <> 'tenant'").await;
    let found = found(&app).await;
    for invariant in [Invariant::DeliveryAnswered, Invariant::StreamWithoutGap] {
        assert!(found.contains(&invariant), "{found:?}");
    }
}

#[tokio::test]
async fn a_result_nobody_answers_for_is_found_while_every_post_is_empty() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let body = app.screening(person, app.new_id(), "c_ssrs_screener", c_ssrs_high());
    worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    app.run_due().await;
    assert_eq!(found(&app).await, []);
    app.execute("update duty set off_at = on_at").await;
    assert_eq!(found(&app).await, [Invariant::ResultHasOwner]);
}

#[tokio::test]
async fn with_nobody_on_duty_an_alarm_still_reaches_the_board_and_never_spins() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    app.execute("update duty set off_at = on_at").await;
    let id = press(&app, &worker).await;
    app.run_due().await;
    let empty = "select count(*) from event where type = 'alarm.step_empty'";
    let steps = app.count(empty).await;
    assert!(
        (3..20).contains(&steps),
        "the steps are passed over at once, of the alarms about the roster too: {steps}"
    );
    assert!(app.count("select count(*) from alarm where reason like 'empty_post:%'").await >= 3);
    for _ in 0..10 {
        app.advance(Duration::minutes(1));
        app.run_due().await;
    }
    assert!(app.count(empty).await < 80, "{}", app.count(empty).await);
    let list = dispatcher.get("/alarms").await.expect(200);
    assert_eq!(list["items"][0]["id"], json!(id));
}

#[tokio::test]
async fn boards_that_are_not_fed_and_entries_that_are_not_sealed_are_found() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    app.run_due().await;
    worker.put(&format!("/alarms/{}", app.new_id()), json!({"kind": "button"})).await.expect(201);
    assert_eq!(found(&app).await, [], "everything may take its time");
    app.advance(Duration::minutes(2));
    let unwell = found(&app).await;
    for invariant in [Invariant::StreamFollowed, Invariant::AuditSealed] {
        assert!(unwell.contains(&invariant), "{unwell:?}");
    }
    app.run_due().await;
    assert_eq!(found(&app).await, []);
}

#[tokio::test]
async fn a_clock_that_is_not_the_databases_is_found() {
    let app = App::start().await;
    for (ahead, is_off) in [(0, false), (1, false), (3, true), (-3, true)] {
        let database_now = app.ctx.db.database_now().await.unwrap();
        let clock = server::platform::clock::Clock::anchored(database_now + Duration::seconds(ahead));
        let house = server::wiring::beside(&app.ctx, clock);
        let found = check(&house).await.unwrap();
        let says = found.iter().any(|violation| violation.invariant == Invariant::ClockTrue);
        assert_eq!(says, is_off, "{ahead} s ahead");
    }
}
