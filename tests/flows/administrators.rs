//! 三员分立: who keeps the accounts asks, who keeps the rights decides, and nobody does both.

use crate::harness::{App, Client, PASSWORD};
use serde_json::{Value, json};

fn account(login: &str, roles: &Value) -> Value {
    json!({"login": login, "name": "新同事", "roles": roles})
}

async fn set_up(app: &App, link: &Value) {
    let body = json!({"password": PASSWORD, "mode": "bearer"});
    app.anonymous().post(link["setup_path"].as_str().unwrap(), body).await.expect(201);
}

async fn seen(by: &Client, path: &str) -> Value {
    json!({"request_id": by.request_for(path).await["id"]})
}

#[tokio::test]
async fn roles_wait_until_a_second_administrator_has_approved_them() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let guard = app.sign_in("secadmin").await;
    let path = format!("/accounts/{}", app.new_id());
    let roles = json!([{"role": "clinician", "org_id": app.town.city}]);
    let link = admin.put(&path, account("newcomer", &roles)).await.expect(201);
    set_up(&app, &link).await;
    let newcomer = app.sign_in("newcomer").await;
    assert_eq!(newcomer.get("/me").await.expect(200)["permissions"], json!([]));
    newcomer.get("/persons").await.problem(403, "forbidden");

    let waiting = guard.request_for(&path).await;
    assert_eq!((&waiting["kind"], &waiting["asked_by_name"]), (&json!("roles"), &json!("系统管理员")));
    assert_eq!(waiting["roles"][0]["role"], "clinician");
    let approve = seen(&guard, &path).await;
    let command = format!("{path}/roles/approve");
    admin.post(&command, approve.clone()).await.problem(403, "forbidden");
    let stale = json!({"request_id": app.new_id()});
    guard.post(&command, stale).await.problem(409, "request-changed");
    guard.post(&command, approve.clone()).await.expect(204);
    guard.post(&command, approve).await.problem(409, "request-changed");
    newcomer.get("/persons").await.expect(200);
    guard.get("/persons").await.problem(403, "forbidden");

    // the same wish again asks for nothing
    admin.put(&path, account("newcomer", &roles)).await.expect(204);
    assert_eq!(admin.request_for(&path).await, json!(null));
    let trail = ["account.create", "account.ask_roles", "account.approve_roles", "account.update"];
    for action in trail {
        let entries = app.audited(action, &path).await;
        assert_eq!(entries, 1, "{action}");
    }
}

#[tokio::test]
async fn a_change_takes_at_once_and_gives_later_and_a_refusal_gives_nothing() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let guard = app.sign_in("secadmin").await;
    let counsellor = app.sign_in("counsellor").await;
    let path = format!("/accounts/{}", counsellor.account);
    let wish = |role: &str| account("counsellor", &json!([{"role": role, "org_id": app.town.city}]));
    admin.put(&path, wish("clinician")).await.expect(204);
    counsellor.get("/me").await.problem(401, "signed-out");
    let counsellor = app.sign_in("counsellor").await;
    counsellor.get("/queue").await.problem(403, "forbidden");

    // another wish takes the place of the one before
    let first = seen(&guard, &path).await;
    admin.put(&path, wish("supervisor")).await.expect(204);
    guard.post(&format!("{path}/roles/approve"), first).await.problem(409, "request-changed");
    let second = seen(&guard, &path).await;
    guard.post(&format!("{path}/roles/reject"), second).await.expect(204);
    counsellor.get("/queue").await.problem(403, "forbidden");
    assert_eq!(guard.request_for(&path).await, json!(null));
}

#[tokio::test]
async fn nobody_changes_the_own_account_and_the_last_security_administrator_stays() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let guard = app.sign_in("secadmin").await;
    let own = format!("/accounts/{}", admin.account);
    let wish = account("sysadmin", &json!([{"role": "clinician", "org_id": app.town.city}]));
    admin.put(&own, wish).await.refuses("id");
    for command in ["disable", "enable", "reset"] {
        admin.post(&format!("{own}/{command}"), json!({})).await.refuses("id");
    }
    let last = format!("/accounts/{}", guard.account);
    admin.post(&format!("{last}/disable"), json!({})).await.problem(409, "last-security-admin");
    let wish = account("secadmin", &json!([{"role": "city_leader", "org_id": app.town.city}]));
    admin.put(&last, wish).await.problem(409, "last-security-admin");
    // and nobody makes themselves another one
    let path = format!("/accounts/{}", app.new_id());
    let security = json!([{"role": "security_admin", "org_id": app.town.city}]);
    let link = admin.put(&path, account("secadmin2", &security)).await.expect(201);
    set_up(&app, &link).await;
    app.sign_in("secadmin2").await.get("/accounts").await.problem(403, "forbidden");
    // a way into the other administrator's account needs that one, or a third
    admin.post(&format!("{last}/reset"), json!({})).await.expect(202);
    let about_me = seen(&guard, &last).await;
    guard.post(&format!("{last}/reset/approve"), about_me).await.refuses("id");
}

#[tokio::test]
async fn a_new_link_into_an_account_that_shows_people_takes_two() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let guard = app.sign_in("secadmin").await;
    let clinician = app.sign_in("clinician").await;
    let path = format!("/accounts/{}", clinician.account);
    let reset = async || admin.post(&format!("{path}/reset"), json!({})).await;
    reset().await.expect(202);
    reset().await.expect(202);
    clinician.get("/me").await.expect(200);
    let approve = seen(&guard, &path).await;
    guard.post(&format!("{path}/reset/approve"), approve).await.expect(204);
    clinician.get("/me").await.expect(200);
    assert_eq!(admin.request_for(&path).await["is_approved"], true);
    let link = reset().await.expect(200);
    clinician.get("/me").await.problem(401, "signed-out");
    set_up(&app, &link).await;
    reset().await.expect(202);

    let leader = app.newcomer("leader", &[("city_leader", app.town.city)]).await;
    let link = admin.post(&format!("/accounts/{}/reset", leader.account), json!({})).await.expect(200);
    assert!(link["setup_path"].is_string(), "numbers only: no second person");
}

#[tokio::test]
async fn a_new_centre_begins_with_one_administrator_who_makes_the_second() {
    let app = App::start().await;
    app.execute("delete from account_role where role = 'security_admin'").await;
    let admin = app.sign_in("sysadmin").await;
    let path = format!("/accounts/{}", app.new_id());
    let both = json!([
        {"role": "security_admin", "org_id": app.town.city}, {"role": "security_admin", "org_id": app.town.district}]);
    admin.put(&path, account("two-places", &both)).await.expect(201);
    assert_eq!(admin.request_for(&path).await["kind"], "roles", "exactly one, or it waits");
    let path = format!("/accounts/{}", app.new_id());
    let security = json!([{"role": "security_admin", "org_id": app.town.city}]);
    let link = admin.put(&path, account("first", &security)).await.expect(201);
    set_up(&app, &link).await;
    app.sign_in("first").await.get("/accounts").await.expect(200);
    assert_eq!(app.audited("account.first_security_admin", &path).await, 1);
}

#[tokio::test]
async fn whoever_runs_the_server_lets_a_last_administrator_back_in_and_everybody_hears_of_it() {
    let app = App::start().await;
    let locked_out = app.sign_in("sysadmin").await;
    let (tenant, token) = server::identity::recover(&app.ctx, " SysAdmin ").await.unwrap();
    assert_eq!(tenant, app.town.tenant);
    locked_out.get("/me").await.problem(401, "signed-out");
    set_up(&app, &json!({"setup_path": format!("/setup/{token}")})).await;
    app.sign_in("sysadmin").await.get("/accounts").await.expect(200);
    assert_eq!(app.count("select count(*) from audit_entry where action = 'account.recover'").await, 1);

    for nobody in ["nobody", ""] {
        let refused = server::identity::recover(&app.ctx, nobody).await.unwrap_err();
        assert_eq!(refused.errors()[0].field, "login");
    }
}
