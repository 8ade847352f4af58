//! Streams: no gap, no repetition, and a screen that resumes where it left off.

use crate::harness::{App, Client, Screen, phq9};
use serde_json::json;

async fn submit(app: &App, worker: &Client, person: uuid::Uuid) {
    let body = app.screening(person, app.new_id(), "phq9", phq9(&[("q1", 3), ("q2", 3)]));
    worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
}

#[tokio::test]
async fn a_screen_sees_an_item_come_in_without_asking_again() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let clinician = app.sign_in("clinician").await;
    app.run_due().await;
    let mut screen = Screen::open(&app, &clinician).await;
    assert_eq!(screen.snapshots.len(), 4, "two districts, what stands above them, and the tenant");

    submit(&app, &worker, person).await;
    app.run_due().await;
    let frame = screen.event("queue.suggested").await;
    let item = &frame["body"]["queue_item"];
    assert_eq!(item["person"]["name_masked"], "王**");
    assert_eq!(item["org"]["district"], "青枫区");
}

#[tokio::test]
async fn after_a_restart_a_screen_resumes_without_a_gap_or_a_repetition() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let clinician = app.sign_in("clinician").await;
    app.run_due().await;
    let mut screen = Screen::open(&app, &clinician).await;
    submit(&app, &worker, person).await;
    app.run_due().await;
    screen.event("queue.suggested").await;
    let cursors = screen.cursors.clone();
    drop(screen);
    for _ in 0..5 {
        submit(&app, &worker, person).await;
    }

    let app = app.restart().await;
    let clinician = app.sign_in("clinician").await;
    let screen = Screen::resume(&app, &clinician, &cursors).await;
    // the harness refuses a gap or a repetition by itself
    assert_eq!(screen.events.len(), 5);
    assert!(screen.snapshots.is_empty(), "resumed, not started over");
}

#[tokio::test]
async fn submits_at_once_leave_streams_without_a_gap() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    futures_util::future::join_all((0..30).map(|_| submit(&app, &worker, person))).await;
    let gaps = app
        .count(
            "select count(*) from (
                 select stream, count(*) as n, max(seq) as last, min(seq) as first from event group by stream
             ) s join stream_head h using (stream) where s.n <> s.last or s.first <> 1 or h.seq <> s.last",
        )
        .await;
    assert_eq!(gaps, 0);
}

#[tokio::test]
async fn events_hold_no_name_phone_or_answer() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    submit(&app, &worker, person).await;
    let leaks = app
        .count(
            "select count(*) from event
              where body::text like '%王秀英%' or body::text like '%13800005678%' or body::text like '%滨江路%'",
        )
        .await;
    assert_eq!(leaks, 0);
}

#[tokio::test]
async fn a_screen_that_speaks_nonsense_is_closed_with_a_code() {
    let app = App::start().await;
    let clinician = app.sign_in("clinician").await;
    let mut screen = Screen::open(&app, &clinician).await;
    screen.send(json!({"t": "give me everything"})).await;
    assert_eq!(screen.closed().await, Some(4400));
}
