//! The chain of who looked at what: any edit, deletion, insertion or swap shows.

use crate::harness::{App, phq9};
use chrono::Duration;

async fn with_entries() -> App {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    for _ in 0..5 {
        let body = app.screening(person, app.new_id(), "phq9", phq9(&[]));
        worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    }
    server::audit::seal_pending(&app.ctx, app.town.tenant).await.unwrap();
    app
}

async fn verify(app: &App) -> Result<i64, server::audit::Broken> {
    server::audit::verify(&app.ctx, app.town.tenant).await.unwrap()
}

#[tokio::test]
async fn an_untouched_chain_is_unbroken_and_sealing_twice_adds_nothing() {
    let app = with_entries().await;
    let rows = verify(&app).await.unwrap();
    assert!(rows >= 5);
    assert_eq!(server::audit::seal_pending(&app.ctx, app.town.tenant).await.unwrap(), 0);
    assert_eq!(verify(&app).await, Ok(rows));
}

#[tokio::test]
async fn every_kind_of_tampering_is_found_where_it_was_done() {
    let cases: [(&str, &str); 5] = [
        (
            "edit",
            "update audit_entry set action = 'nothing' where id = (select entry_id from audit_seal where seq = 3)",
        ),
        ("deletion", "delete from audit_entry where id = (select entry_id from audit_seal where seq = 3)"),
        ("removed seal", "delete from audit_seal where seq = 3"),
        ("swap", "update audit_seal a set entry_id = gen_random_uuid() where seq = 3"),
        (
            "changed time",
            "update audit_entry set at = at + interval '1 second' where id = (select entry_id from audit_seal where seq = 3)",
        ),
    ];
    for (kind, sql) in cases {
        let app = with_entries().await;
        app.execute(sql).await;
        let broken = verify(&app).await.expect_err(kind);
        assert_eq!(broken.seq, 3, "{kind}: {broken}");
    }
}

#[tokio::test]
async fn an_entry_slipped_in_without_a_seal_is_found() {
    let app = with_entries().await;
    app.execute(
        "insert into audit_entry (tenant_id, id, at, action, subject_kind, purpose)
         select tenant_id, gen_random_uuid(), at - interval '1 hour', 'forged', 'person', 'care' from audit_entry limit 1",
    )
    .await;
    assert!(verify(&app).await.is_err());
}

#[tokio::test]
async fn an_entry_taken_away_before_it_was_sealed_is_found() {
    let app = with_entries().await;
    let worker = app.sign_in("worker").await;
    app.person(&worker, "李娜").await;
    assert!(verify(&app).await.is_ok(), "what waits for its seal is no break");
    app.execute("delete from audit_entry e using audit_unsealed u where e.id = u.entry_id").await;
    assert!(verify(&app).await.is_err());
}

#[tokio::test]
async fn entries_far_behind_the_chain_are_sealed_all_the_same() {
    let app = with_entries().await;
    let rows = verify(&app).await.unwrap();
    let worker = app.sign_in("worker").await;
    // a restart, after a clock that had run ahead
    app.advance(Duration::minutes(-10));
    app.person(&worker, "李娜").await;
    let sealed = server::audit::seal_pending(&app.ctx, app.town.tenant).await.unwrap();
    assert!(sealed > 0);
    assert_eq!(verify(&app).await, Ok(rows + i64::try_from(sealed).unwrap()));
    assert_eq!(app.count("select count(*) from audit_unsealed").await, 0);
}

#[tokio::test]
async fn the_working_role_can_neither_change_nor_delete_history() {
    let app = with_entries().await;
    let grants = app
        .count(
            "select count(*) from information_schema.table_privileges
              where grantee = 'xindeng_app' and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')
                and table_name in ('audit_entry', 'audit_seal', 'event', 'suggestion', 'queue_change', 'alarm_signal', 'alarm_note')",
        )
        .await;
    assert_eq!(grants, 0);
}
