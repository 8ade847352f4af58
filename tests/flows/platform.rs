//! What holds everywhere: row security, reviewed routes, one kind of error, nothing personal in the open.

use crate::harness::{App, Wire};
use futures_util::future::join_all;
use serde_json::json;
use server::platform::ctx::Parts;
use server::platform::heartbeat::Beats;
use server::platform::tasks::turn;
use server::platform::timers::{self, Timer, TimerHandlers};
use server::platform::{Ctx, Purpose, SYSTEM, Scope};
use server::wiring::{self, OpenError, Settings};
use std::fmt::Write;
use std::sync::atomic::AtomicI64;
use std::sync::{Mutex, RwLock};

/// Tables that are read before a tenant is known. They hold no person.
const WITHOUT_ROW_SECURITY: [&str; 3] = ["_sqlx_migrations", "login_directory", "tenant"];

#[tokio::test]
async fn every_table_but_the_named_ones_forces_row_security_and_leads_its_key_with_the_tenant() {
    let app = App::start().await;
    let open = app
        .count(
            "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
              where n.nspname = 'public' and c.relkind = 'r'
                and c.relname not in ('_sqlx_migrations', 'login_directory', 'tenant')
                and not (c.relrowsecurity and c.relforcerowsecurity)",
        )
        .await;
    assert_eq!(open, 0, "allowed without: {WITHOUT_ROW_SECURITY:?}");
    let keys = app
        .count(
            "select count(*) from pg_constraint k
               join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
               join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
              where n.nspname = 'public' and k.contype = 'p' and a.attname <> 'tenant_id'
                and c.relname not in ('_sqlx_migrations', 'login_directory', 'tenant')",
        )
        .await;
    assert_eq!(keys, 0);
}

#[tokio::test]
async fn a_transaction_of_another_tenant_sees_nothing() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let elsewhere = Scope {
        tenant: rules::ids::TenantId(app.new_id()),
        actor: SYSTEM,
        scopes: vec![rules::ids::OrgId(app.town.city)],
        purpose: Purpose::Care,
    };
    let mut tx = app.ctx.db.begin(&elsewhere).await.unwrap();
    let found = server::people::load_brief(&app.ctx, &mut tx, rules::ids::PersonId(person)).await.unwrap();
    assert!(found.is_none());
}

#[tokio::test]
async fn a_query_without_a_scope_is_an_error_not_an_empty_answer() {
    let app = App::start().await;
    let mut connection = app.ctx.db.directory().await.unwrap();
    let answer = sqlx::query("select id from person").fetch_all(&mut *connection).await;
    assert!(answer.is_err());
}

#[tokio::test]
async fn every_route_is_in_the_document_and_says_who_may_use_it() {
    let document = serde_json::to_value(server::wiring::openapi()).unwrap();
    let list = server::wiring::route_list();
    let in_document: usize =
        document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum();
    assert_eq!(in_document, list.len());
    let mut written = String::new();
    for route in &list {
        writeln!(written, "{:6} /api/v1{} — {}", route.method, route.path, route.access).unwrap();
    }
    let reviewed = include_str!("../routes.txt");
    assert_eq!(
        written, reviewed,
        "\nThe list of routes has changed. Review who may use what, then put this into tests/routes.txt:\n{written}"
    );
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = serde_json::to_value(server::wiring::openapi()).unwrap();
    let mut names: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "clients are generated from these names");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    worker.get("/no/such/route").await.problem(404, "not-found");
    worker.delete("/scales").await.problem(405, "wrong-method");
    let nobody = app.anonymous();
    nobody.get("/me").await.problem(401, "signed-out");
    nobody.put(&format!("/screenings/{}", app.new_id()), json!({})).await.problem(401, "signed-out");
}

#[tokio::test]
async fn the_health_pages_answer_without_signing_in() {
    let app = App::start().await;
    let get = |path: &str| reqwest::get(format!("{}{path}", app.base_url));
    assert_eq!(get("/healthz").await.unwrap().status(), 200);
    assert_eq!(get("/readyz").await.unwrap().status(), 200);
    assert_eq!(get("/api/openapi.json").await.unwrap().status(), 200);
}

#[tokio::test]
async fn over_data_only_the_key_they_were_sealed_with_will_do() {
    let app = App::start().await.restart().await;
    let (settings, key) = (app.settings(), app.settings().data_dir.join("root.key"));
    let own = std::fs::read(&key).unwrap();

    std::fs::remove_file(&key).unwrap();
    let refused = wiring::open(&settings).await.unwrap_err();
    assert!(matches!(refused, OpenError::KeyMissing(_)));
    assert!(!key.exists(), "no new key was put over data that it cannot open");
    assert!(refused.to_string().contains("from a backup"), "it says what to do: {refused}");

    std::fs::write(&key, "0".repeat(64)).unwrap();
    let refused = wiring::open(&settings).await.unwrap_err();
    assert!(matches!(refused, OpenError::KeyWrong(_)));
    assert!(refused.to_string().contains("Put back the root.key"), "{refused}");

    std::fs::write(&key, own).unwrap();
    wiring::open(&settings).await.unwrap().close().await;
}

/// Without limits of its own this end would wait for ever: everything here hung before.
#[tokio::test]
async fn a_database_that_dies_without_a_word_is_given_up_and_its_successor_is_used() {
    let app = App::start().await;
    let wire = Wire::to(&app.database_url).await;
    let settings = Settings { database_url: Some(wire.url.clone()), ..app.settings() };
    let node = wiring::open(&settings).await.unwrap().ctx;
    let tenant = app.town.tenant;
    let mut asking = node.begin_system(tenant).await.unwrap();
    let committing = node.begin_system(tenant).await.unwrap();
    timers::fire_due(&node).await.unwrap();

    wire.cut();
    let timer_loop = async {
        for _ in 0..2 {
            assert!(turn(&node, "timers_1", Box::pin(timers::fire_due(&node))).await.is_none());
        }
    };
    let hanging = async { Ok(asking.database_now().await?) };
    let ((), asked, committed) =
        tokio::join!(timer_loop, turn(&node, "asking", Box::pin(hanging)), committing.commit());
    assert!(asked.is_none() && committed.is_err());
    assert_eq!(node.beats.ages().len(), 2, "both loops have been seen");
    drop(asking);

    wire.mend();
    let all_for_alarms = join_all((0..6).map(|_| node.begin_system(tenant))).await;
    assert!(all_for_alarms.iter().all(Result::is_ok), "no connection is lost for good");
    drop(all_for_alarms);
    assert!(turn(&node, "timers_1", Box::pin(timers::fire_due(&node))).await.is_some());
}

#[tokio::test]
async fn boards_that_all_come_back_at_once_take_nothing_from_an_alarm() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let scope = app.ctx.system_scope(app.town.tenant);
    let mut boards = Vec::new();
    while let Ok(board) = app.ctx.db.begin_frozen(&scope).await {
        boards.push(board);
    }
    assert!(!boards.is_empty());
    let path = format!("/alarms/{}", app.new_id());
    worker.put(&path, json!({"kind": "button"})).await.expect(201);
    app.run_due().await;
    server::overview::check(&app.ctx).await.unwrap();
}

/// The same house with other handlers.
fn with_timers(ctx: &Ctx, handlers: TimerHandlers) -> Ctx {
    Ctx::new(Parts {
        db: ctx.db.clone(),
        clock: server::platform::clock::Clock::stepped(ctx.now()),
        keys: ctx.keys.clone(),
        library: ctx.library.clone(),
        hub: server::events::Hub::new(server::events::LiveViews::default()),
        sessions: server::identity::SessionCache::default(),
        guesses: server::identity::Guesses::default(),
        policies: server::triage::PolicyCache::default(),
        timers: handlers,
        webhook: None,
        spool: server::dispatch::Spool::default(),
        receipts: server::dispatch::Receipts::default(),
        beats: Beats::default(),
        is_secure: false,
        is_demo: false,
        tenants: RwLock::new(ctx.tenants()),
        engine_micros: AtomicI64::new(0),
        last_id: Mutex::default(),
    })
}

#[tokio::test]
async fn a_timer_whose_handler_panics_is_put_off_and_the_next_one_fires() {
    let app = App::start().await;
    let handlers = TimerHandlers::default()
        .on("test.panics", |_, _, _| Box::pin(async { panic!("a handler that panics") }))
        .on("test.works", |_, _, _| Box::pin(async { Ok(()) }));
    let house = with_timers(&app.ctx, handlers);
    let mut tx = house.begin_system(app.town.tenant).await.unwrap();
    for (kind, seconds_ago) in [("test.panics", 2), ("test.works", 1)] {
        let due_at = house.now() - chrono::Duration::seconds(seconds_ago);
        let (subject_id, body) = (house.new_id(), json!({}));
        let timer = Timer { subject_id, kind, step: 0, lap: 0, fence: 0, due_at, body };
        timers::schedule(&mut tx, timer).await.unwrap();
    }
    tx.commit().await.unwrap();

    assert_eq!(timers::fire_due(&house).await.unwrap(), 2);
    let done = "select count(*) from timer where kind = 'test.works' and done_at is not null";
    assert_eq!(app.count(done).await, 1);
    let put_off =
        "select count(*) from timer where kind = 'test.panics' and attempts = 1 and done_at is null";
    assert_eq!(app.count(put_off).await, 1);
}
