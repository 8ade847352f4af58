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
async fn a_screen_that_comes_a_moment_later_is_given_the_same_snapshot_and_what_followed() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let clinician = app.sign_in("clinician").await;
    app.run_due().await;
    let mut first = Screen::open(&app, &clinician).await;
    submit(&app, &worker, person).await;
    app.run_due().await;
    first.event("queue.suggested").await;

    let second = Screen::open(&app, &clinician).await;
    assert_eq!(second.snapshots, first.snapshots, "made once");
    assert_eq!(second.cursors, first.cursors);
    assert_eq!(second.events, first.events);
}

#[tokio::test]
async fn a_snapshot_made_for_one_is_not_given_to_whoever_may_see_less() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let body = app.screening(person, app.new_id(), "phq9", phq9(&[("q9", 1)]));
    worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    app.run_due().await;
    let items = |screen: &Screen| -> usize {
        screen.snapshots.iter().map(|shown| shown["queue"].as_array().unwrap().len()).sum()
    };
    for (login, sees) in [("clinician", 1), ("auditadmin", 0), ("clinician", 1)] {
        let screen = Screen::open(&app, &app.sign_in(login).await).await;
        assert_eq!(items(&screen), sees, "{login}");
    }
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

#[tokio::test]
async fn an_alarm_that_does_not_open_holds_up_no_other_on_the_boards() {
    let app = App::start().await;
    let (worker, neighbour) = (app.sign_in("worker").await, app.sign_in("neighbour").await);
    let dispatcher = app.sign_in("dispatcher").await;
    app.run_due().await;
    let mut screen = Screen::open(&app, &dispatcher).await;
    let (broken, whole) = (app.new_id(), app.new_id());
    let press = json!({"kind": "button"});
    worker.put(&format!("/alarms/{broken}"), press.clone()).await.expect(201);
    // sealed by another key, torn by a disk: it does not open
    app.execute("update alarm set machine_sealed = '\\x0101'").await;
    neighbour.put(&format!("/alarms/{whole}"), press).await.expect(201);
    app.run_due().await;

    let mut bare = screen.event("alarm.raised").await;
    let mut dressed = screen.event("alarm.raised").await;
    if bare["body"]["subject_id"] == json!(whole) {
        // the streams of two districts come in any order
        std::mem::swap(&mut bare, &mut dressed);
    }
    assert_eq!(bare["body"]["subject_id"], json!(broken));
    assert!(bare["body"].get("alarm").is_none(), "it says that something is there, and no more");
    assert_eq!(dressed["body"]["alarm"]["id"], json!(whole));
    let board = dispatcher.get("/alarms").await.expect(200);
    assert_eq!(board["items"].as_array().unwrap().len(), 1);
    // nothing of what was made for the boards before is left
    let app = app.restart().await;
    let dispatcher = app.sign_in("dispatcher").await;
    let afresh = Screen::open(&app, &dispatcher).await;
    let alarms: Vec<_> =
        afresh.snapshots.iter().flat_map(|snapshot| snapshot["alarms"].as_array().unwrap()).collect();
    assert_eq!(alarms.len(), 1, "a snapshot comes too: {alarms:?}");
}

#[tokio::test]
async fn a_file_that_does_not_open_costs_its_alarm_the_name_and_no_more() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let person = app.person(&worker, "王秀英").await;
    app.execute("update person set name_sealed = '\\x0101'").await;
    let id = app.new_id();
    worker.put(&format!("/alarms/{id}"), json!({"kind": "button", "person_id": person})).await.expect(201);
    app.run_due().await;
    let screen = Screen::open(&app, &dispatcher).await;
    let shown = screen.snapshots.iter().flat_map(|snapshot| snapshot["alarms"].as_array().unwrap()).next();
    let shown = shown.expect("it stands on the board").clone();
    assert_eq!((&shown["id"], &shown["who"]["person_id"]), (&json!(id), &json!(person)));
    assert_eq!(shown["who"]["name_masked"], "");
    let opened = dispatcher.get(&format!("/alarms/{id}")).await.expect(200);
    assert!(opened["person"].is_null());
    dispatcher
        .post(&format!("/alarms/{id}/claim"), json!({"expected_version": opened["version"]}))
        .await
        .expect(200);
}

#[tokio::test]
async fn every_restore_begins_an_epoch_of_its_own_also_in_streams_the_backup_did_not_know() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    submit(&app, &worker, person).await;
    app.execute(server::events::BEGIN_EPOCH).await;
    let moment = "select count(*) from stream_head
         where seq = 0 and abs(epoch - extract(epoch from now() - timestamptz '2020-01-01 00:00:00+00')) < 60";
    assert_eq!(app.count("select count(*) from stream_head").await, app.count(moment).await);
    // the same backup again, with the clock set back: still never an epoch that a screen has seen
    app.execute("update stream_head set epoch = 2000000000").await;
    app.execute(server::events::BEGIN_EPOCH).await;
    assert_eq!(app.count("select count(*) from stream_head where epoch <> 2000000001").await, 0);
    // a stream that begins after the restore
    let neighbour = app.sign_in("neighbour").await;
    app.execute("delete from stream_head").await;
    neighbour.put(&format!("/alarms/{}", app.new_id()), json!({"kind": "button"})).await.expect(201);
    assert_eq!(app.count("select count(*) from stream_head where epoch < 100000000").await, 0);
}
