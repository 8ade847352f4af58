//! Who stands on which post: taken, handed over, lost with the role; and what belongs to whom.

use crate::harness::{App, Client};
use serde_json::{Value, json};
use uuid::Uuid;

/// Who is on a post, by account.
async fn holders(asking: &Client, post: &str) -> Vec<Uuid> {
    let duty = asking.get("/duty").await.expect(200);
    let on_it = |holder: &&Value| holder["post"] == post;
    let account = |holder: &Value| holder["account_id"].as_str().unwrap().parse().unwrap();
    duty["holders"].as_array().unwrap().iter().filter(on_it).map(account).collect()
}

#[tokio::test]
async fn a_post_handed_over_is_never_empty_in_between() {
    let app = App::start().await;
    let first = app.sign_in("dispatcher").await;
    let second = app.sign_in("dispatcher2").await;
    let at = json!({"org_id": app.town.city});
    second.post("/duty/seat_dispatcher/off", at.clone()).await.expect(204);
    let hand_over = json!({"org_id": app.town.city, "to_account": second.account});
    first.post("/duty/seat_dispatcher/hand-over", hand_over).await.expect(204);
    let duty = first.get("/duty").await.expect(200);
    let seats: Vec<&serde_json::Value> = duty["holders"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|holder| holder["post"] == "seat_dispatcher")
        .collect();
    assert_eq!(seats.len(), 1);
    assert_eq!(seats[0]["account_id"], json!(second.account));
    first.post("/duty/director/on", at).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_post_is_handed_only_to_somebody_who_can_hold_it_there() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let first = app.sign_in("dispatcher").await;
    let second = app.sign_in("dispatcher2").await;
    let seat = json!({"org_id": app.town.city, "to_account": second.account});
    admin.post(&format!("/accounts/{}/disable", second.account), json!({})).await.expect(204);
    first.post("/duty/seat_dispatcher/hand-over", seat).await.refuses("to_account");
    assert_eq!(holders(&first, "seat_dispatcher").await, [first.account]);

    let worker = app.sign_in("worker").await;
    let neighbour = app.sign_in("neighbour").await;
    let grid = json!({"org_id": app.town.grid, "to_account": neighbour.account});
    worker.post("/duty/grid_worker/hand-over", grid).await.refuses("to_account");
    let to_myself = json!({"org_id": app.town.grid, "to_account": worker.account});
    worker.post("/duty/grid_worker/hand-over", to_myself).await.refuses("to_account");
    assert_eq!(holders(&worker, "grid_worker").await, [worker.account]);
}

#[tokio::test]
async fn a_role_elsewhere_puts_nobody_on_a_post_here() {
    let app = App::start().await;
    let mixed = app
        .newcomer("mixed", &[("grid_worker", app.town.grid), ("counsellor", app.town.other_district)])
        .await;
    let at = |org: Uuid| json!({"org_id": org});
    mixed.post("/duty/counsellor/on", at(app.town.grid)).await.problem(403, "forbidden");
    mixed.post("/duty/counsellor/on", at(app.town.other_grid)).await.expect(204);
}

#[tokio::test]
async fn who_loses_the_role_loses_the_post() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let other = app.sign_in("dispatcher2").await;
    let body = |role: &str, org: Uuid| json!({"login": "dispatcher", "name": "周岚", "roles": [{"role": role, "org_id": org}]});
    let account = format!("/accounts/{}", dispatcher.account);
    admin.put(&account, body("dispatcher", app.town.district)).await;
    assert_eq!(holders(&other, "seat_dispatcher").await, [other.account], "no longer for the whole city");
    assert_eq!(
        app.count("select count(*) from duty where off_at is null and post = 'seat_dispatcher'").await,
        1
    );
    assert_eq!(app.count("select count(*) from audit_entry where action = 'duty.ended'").await, 1);
}

#[tokio::test]
async fn what_is_red_belongs_to_somebody_who_can_act_on_it_or_the_system_says_so() {
    use server::overview::{Invariant, check};
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let worker = app.sign_in("worker").await;
    let clinician = app.sign_in("clinician").await;
    let counsellor = app.sign_in("counsellor").await;
    let person = app.person(&worker, "王秀英").await;
    let answers =
        crate::harness::phq9(&["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8"].map(|item| (item, 3)));
    let body = app.screening(person, app.new_id(), "phq9", answers);
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    let id = receipt["queue_item"]["id"].as_str().unwrap();
    let owner = async || clinician.get("/queue").await.expect(200)["items"][0]["owner"].clone();
    let broken = async || {
        let found = check(&app.ctx).await.unwrap();
        found.into_iter().map(|violation| violation.invariant).collect::<Vec<_>>()
    };

    counsellor.post(&format!("/queue/{id}/contacted"), json!({"expected_version": 1})).await.expect(200);
    assert_eq!(owner().await["name"], "何静");
    admin.post(&format!("/accounts/{}/disable", counsellor.account), json!({})).await.expect(204);
    assert_eq!(broken().await, [Invariant::ResultHasOwner], "found, and given back to the post");
    let now = owner().await;
    assert_eq!(
        (&now["name"], &now["account_id"]),
        (&json!("陈立群"), &json!(app.sign_in("lead").await.account))
    );
    assert_eq!(broken().await, []);

    app.execute("update duty set off_at = on_at where post <> 'on_call_admin'").await;
    assert_eq!(holders(&clinician, "on_call_admin").await, [admin.account]);
    assert_eq!(owner().await["account_id"], json!(null), "a system administrator can do nothing with it");
    assert_eq!(broken().await, [Invariant::ResultHasOwner]);
}
