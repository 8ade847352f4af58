//! What holds everywhere: row security, reviewed routes, one kind of error, nothing personal in the open.

use crate::harness::App;
use serde_json::json;
use server::platform::{Purpose, SYSTEM, Scope};
use std::fmt::Write;

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
