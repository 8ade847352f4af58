//! Campaigns with their frozen list, and the worklist that comes of it.

use crate::harness::{App, phq9};
use chrono::Duration;
use serde_json::{Value, json};
use sqlx::Connection;
use uuid::Uuid;

fn campaign(app: &App, scale: &str) -> Value {
    json!({
        "title": "春季筛查", "scales": [{"code": scale, "version": "1.0.0"}], "org_id": app.town.district,
        "starts_on": "2026-11-20", "ends_on": "2026-12-20",
    })
}

async fn running(app: &App) -> Uuid {
    let id = app.new_id();
    let director = app.sign_in("director").await;
    director.put(&format!("/campaigns/{id}"), campaign(app, "phq9")).await.expect(201);
    id
}

/// The tenant's own policy, in force from now on.
async fn sign(app: &App, policy: Value) {
    let mut db = sqlx::PgConnection::connect(&app.database_url).await.unwrap();
    sqlx::query(
        "insert into triage_policy (tenant_id, id, version, document, active_from) values ($1, 'own', '1.0.0', $2, $3)",
    )
    .bind(app.town.tenant.0)
    .bind(policy)
    .bind(app.now())
    .execute(&mut db)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_campaign_asks_only_what_somebody_can_judge() {
    let app = App::start().await;
    let director = app.sign_in("director").await;
    let path = format!("/campaigns/{}", app.new_id());

    let first = director.put(&path, campaign(&app, "phq9")).await.expect(201);
    assert_eq!(director.put(&path, campaign(&app, "phq9")).await.expect(200), first);
    director.put(&path, campaign(&app, "gad7")).await.problem(409, "id-reused");

    let other = format!("/campaigns/{}", app.new_id());
    director.put(&other, campaign(&app, "nothing")).await.refuses("scales[0]");
    // a policy of the tenant's own that says nothing about a scale
    let mut policy: Value =
        serde_json::from_str(include_str!("../../backend/rules/policies/triage/default/1.0.0.json")).unwrap();
    let rows =
        policy["bands"].as_array().unwrap().iter().filter(|row| row["scale"] != "pclc").cloned().collect();
    policy["bands"] = Value::Array(rows);
    sign(&app, policy).await;
    app.advance(Duration::minutes(1));
    director.put(&other, campaign(&app, "pclc")).await.refuses("scales[0]");
    app.sign_in("worker").await.put(&other, campaign(&app, "phq9")).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_frozen_list_does_not_grow_by_itself() {
    let app = App::start().await;
    let (worker, director) = (app.sign_in("worker").await, app.sign_in("director").await);
    app.person(&worker, "王秀英").await;
    app.person(&worker, "李国华").await;
    let targets = format!("/campaigns/{}/targets", running(&app).await);

    let frozen = director.post(&targets, json!({"org_id": app.town.grid})).await.expect(200);
    assert_eq!((&frozen["targets"], &frozen["added"]), (&json!(2), &json!(2)));
    let late = app.person(&worker, "后来").await;
    let again = director.post(&targets, json!({"org_id": app.town.grid})).await.expect(200);
    assert_eq!((&again["targets"], &again["added"], &again["left_out"]), (&json!(2), &json!(0), &json!(1)));
    let named = director.post(&targets, json!({"person_ids": [late]})).await.expect(200);
    assert_eq!((&named["targets"], &named["added"]), (&json!(3), &json!(1)));

    director.post(&targets, json!({"person_ids": [app.new_id()]})).await.refuses("person_ids");
    director.post(&targets, json!({"org_id": app.town.other_grid})).await.refuses("org_id");
    director.post(&targets, json!({"person_ids": [late], "due_on": "2027-01-01"})).await.refuses("due_on");
}

#[tokio::test]
async fn the_worklist_shows_what_is_left_and_what_was_done_today() {
    let app = App::start().await;
    let (worker, director) = (app.sign_in("worker").await, app.sign_in("director").await);
    let person = app.person(&worker, "王秀英").await;
    app.person(&worker, "李国华").await;
    let campaign = running(&app).await;
    director
        .post(&format!("/campaigns/{campaign}/targets"), json!({"org_id": app.town.grid}))
        .await
        .expect(200);

    let answer = worker.get("/worklist").await;
    let tag = answer.headers["etag"].to_str().unwrap().to_owned();
    let list = answer.expect(200);
    assert_eq!(list["targets"].as_array().unwrap().len(), 2);
    assert!(list["notice"]["text"]["zh"].as_str().unwrap().contains("灯市"));
    let same = worker.request(reqwest::Method::GET, "/worklist").header("if-none-match", &tag);
    assert_eq!(same.send().await.unwrap().status(), 304);

    let target = list["targets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|target| target["person"]["id"] == person.to_string());
    let mut body = app.screening(person, app.new_id(), "phq9", phq9(&[]));
    body["campaign_id"] = json!(campaign);
    body["target_id"] = target.unwrap()["id"].clone();
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);

    let list = worker.get("/worklist").await.expect(200);
    let states: Vec<&str> =
        list["targets"].as_array().unwrap().iter().map(|target| target["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["todo", "done"]);
    assert_eq!(list["targets"][1]["done"]["receipt"], receipt["receipt"]);
    let campaigns = worker.get("/campaigns").await.expect(200);
    assert_eq!(campaigns[0]["progress"], json!({"targets": 2, "done": 1}));

    app.advance(Duration::days(1));
    let tomorrow = worker.get("/worklist").await.expect(200);
    assert_eq!(tomorrow["targets"].as_array().unwrap().len(), 1, "done yesterday is done");
    let neighbour = app.sign_in("neighbour").await.get("/worklist").await.expect(200);
    assert_eq!(neighbour["targets"], json!([]));
}

#[tokio::test]
async fn answers_given_after_the_campaign_are_taken_in_and_do_not_count_for_it() {
    let app = App::start().await;
    let (worker, director) = (app.sign_in("worker").await, app.sign_in("director").await);
    let person = app.person(&worker, "王秀英").await;
    let campaign = running(&app).await;
    director
        .post(&format!("/campaigns/{campaign}/targets"), json!({"org_id": app.town.grid}))
        .await
        .expect(200);
    let list = worker.get("/worklist").await.expect(200);
    app.advance(Duration::days(120));
    let mut body = app.screening(person, app.new_id(), "phq9", phq9(&[("q9", 2)]));
    body["campaign_id"] = json!(campaign);
    body["target_id"] = list["targets"][0]["id"].clone();

    let worker = app.sign_in("worker").await;
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);

    assert_eq!(receipt["suggestion"]["tier"], 3, "nobody is turned away over a date");
    let campaigns = worker.get("/campaigns").await.expect(200);
    assert_eq!(campaigns[0]["progress"], json!({"targets": 1, "done": 0}));
}
