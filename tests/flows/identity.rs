//! Signing in, being let in, being thrown out; whose data is whose.

use crate::harness::{App, PASSWORD, Screen, c_ssrs_high, phq9};
use chrono::Duration;
use futures_util::future::join_all;
use serde_json::json;

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_look_alike() {
    let app = App::start().await;
    let nobody = app.anonymous();
    let wrong = nobody.post("/sessions", json!({"login": "worker", "password": "guess"})).await;
    let unknown = nobody.post("/sessions", json!({"login": "nobody", "password": "guess"})).await;
    let mut wrong = wrong.problem(401, "sign-in-refused");
    let mut unknown = unknown.problem(401, "sign-in-refused");
    wrong["request_id"] = json!(null);
    unknown["request_id"] = json!(null);
    assert_eq!(wrong, unknown);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let app = App::start().await;
    let nobody = app.anonymous();
    let guess = json!({"login": "a-login-only-this-test-guesses", "password": "x"});
    for _ in 0..10 {
        nobody.post("/sessions", guess.clone()).await.problem(401, "sign-in-refused");
    }
    let slowed = nobody.post("/sessions", guess).await;
    assert!(slowed.headers.contains_key("retry-after"));
    slowed.problem(429, "too-many-attempts");
}

#[tokio::test]
async fn many_guesses_at_once_are_no_more_than_one_after_the_other() {
    let app = App::start().await;
    let nobody = app.anonymous();
    let guess = json!({"login": "worker", "password": "guess"});
    let answers = join_all((0..25).map(|_| nobody.post("/sessions", guess.clone()))).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    let slowed = answers.iter().filter(|answer| answer.status == 429).count();
    assert_eq!((looked_at, slowed), (10, 15));
}

#[tokio::test]
async fn what_is_too_long_to_be_a_login_or_a_password_is_not_looked_at() {
    let app = App::start().await;
    let nobody = app.anonymous();
    let long = "a".repeat(65);
    nobody.post("/sessions", json!({"login": long, "password": "guess"})).await.refuses("login");
    let long = "长".repeat(257);
    nobody.post("/sessions", json!({"login": "worker", "password": long})).await.refuses("password");
}

#[tokio::test]
async fn a_browser_gets_a_cookie_that_scripts_cannot_read_and_must_prove_its_page() {
    let app = App::start().await;
    let nobody = app.anonymous();
    let answer = nobody.post("/sessions", json!({"login": "worker", "password": PASSWORD})).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert!(answer.expect(201).get("token").is_none());

    let with = |request: reqwest::RequestBuilder| request.header("cookie", cookie.clone());
    let me = with(nobody.request(reqwest::Method::GET, "/me")).send().await.unwrap();
    let me: serde_json::Value = serde_json::from_str(&me.text().await.unwrap()).unwrap();

    let bare = with(nobody.request(reqwest::Method::DELETE, "/sessions/current")).send().await.unwrap();
    assert_eq!(bare.status(), 403, "a page elsewhere could have sent this");
    let proved = with(nobody.request(reqwest::Method::DELETE, "/sessions/current"))
        .header("x-csrf", me["csrf"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(proved.status(), 204);
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once_and_its_screen_is_closed() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let mut screen = Screen::open(&app, &dispatcher).await;
    let watching = tokio::spawn(server::identity::watch_revocations(
        app.ctx.clone(),
        tokio_util::sync::CancellationToken::new(),
    ));

    admin.post(&format!("/accounts/{}/disable", dispatcher.account), json!({})).await.expect(204);

    dispatcher.get("/me").await.problem(401, "signed-out");
    assert_eq!(screen.closed().await, Some(4401));
    watching.abort();
}

#[tokio::test]
async fn an_account_begins_with_a_link_that_works_once() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let id = app.new_id();
    let account = json!({"login": "newcomer", "name": "新同事", "roles": [{"role": "dispatcher", "org_id": app.town.city}]});
    let made = admin.put(&format!("/accounts/{id}"), account).await.expect(201);
    let path = made["setup_path"].as_str().unwrap().to_owned();

    let nobody = app.anonymous();
    nobody.post(&path, json!({"password": "short"})).await.refuses("password");
    let greeting = nobody.get(&path).await.expect(200);
    assert_eq!(greeting["login"], "newcomer");
    nobody.post(&path, json!({"password": "long enough for a night", "mode": "bearer"})).await.expect(201);
    nobody.post(&path, json!({"password": "somebody else's try"})).await.problem(404, "not-found");
}

/// The code of now for an enrolment.
fn code_of(app: &App, enrolment: &serde_json::Value) -> String {
    let totp = totp_rs::Totp::from_url(enrolment["otpauth_url"].as_str().unwrap()).unwrap();
    totp.generate(u64::try_from(app.now().timestamp()).unwrap()).to_string()
}

#[tokio::test]
async fn a_screen_left_open_gives_nobody_the_second_factor_or_the_password() {
    let app = App::start().await;
    let lead = app.sign_in("lead").await;
    let elsewhere = app.sign_in("lead").await;
    let start = "/me/second-factor/start";
    let enrolment = lead.post(start, json!({})).await.expect(200);
    lead.post("/me/second-factor/confirm", json!({"code": code_of(&app, &enrolment)})).await.expect(204);
    app.advance(Duration::minutes(1));

    let code = code_of(&app, &enrolment);
    elsewhere.post(start, json!({})).await.refuses("password");
    elsewhere.post(start, json!({"password": PASSWORD})).await.refuses("code");
    elsewhere.post(start, json!({"password": "guess", "code": code})).await.refuses("password");
    elsewhere.post("/me/second-factor/remove", json!({"code": code})).await.refuses("password");
    let other = lead.post(start, json!({"password": PASSWORD, "code": code})).await.expect(200);
    lead.post("/me/second-factor/confirm", json!({"code": "000000"})).await.refuses("code");
    app.advance(Duration::minutes(1));
    lead.post("/me/second-factor/confirm", json!({"code": code_of(&app, &other)})).await.expect(204);

    for n in 0..10 {
        let guess = json!({"old_password": format!("guess {n}"), "password": "long enough for a night"});
        let answer = elsewhere.post("/me/password", guess).await;
        assert!(answer.status == 422 || (n >= 8 && answer.status == 429), "{n}: {}", answer.text);
    }
    let guess = json!({"old_password": PASSWORD, "password": "long enough for a night"});
    elsewhere.post("/me/password", guess.clone()).await.problem(429, "too-many-attempts");
    app.advance(Duration::minutes(15));
    lead.post("/me/password", guess).await.expect(204);
    elsewhere.get("/me").await.problem(401, "signed-out");
    lead.get("/me").await.expect(200);
    app.advance(Duration::minutes(1));
    let removal = json!({"password": "long enough for a night", "code": code_of(&app, &other)});
    lead.post("/me/second-factor/remove", removal).await.expect(204);
    assert_eq!(lead.get("/me").await.expect(200)["has_second_factor"], false);
}

#[tokio::test]
async fn the_second_person_at_the_desk_brings_the_second_factor_along() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let lead = app.sign_in("lead").await;
    let enrolment = lead.post("/me/second-factor/start", json!({})).await.expect(200);
    lead.post("/me/second-factor/confirm", json!({"code": code_of(&app, &enrolment)})).await.expect(204);
    app.advance(Duration::minutes(1));
    let alarm = format!("/alarms/{}", app.new_id());
    worker.put(&alarm, json!({"kind": "button"})).await.expect(201);
    for step in ["claim", "acknowledge"] {
        dispatcher.post(&format!("{alarm}/{step}"), json!({"expected_version": 9})).await;
        let version = dispatcher.get(&alarm).await.expect(200)["version"].clone();
        dispatcher.post(&format!("{alarm}/{step}"), json!({"expected_version": version})).await.expect(200);
    }
    let version = dispatcher.get(&alarm).await.expect(200)["version"].clone();
    let mut close = json!({
        "expected_version": version, "code": "false_alarm", "reason": "误触",
        "second": {"login": "lead", "password": PASSWORD},
    });
    let path = format!("{alarm}/close");
    dispatcher.post(&path, close.clone()).await.problem(401, "second-factor-needed");
    close["second"]["code"] = json!(code_of(&app, &enrolment));
    assert_eq!(dispatcher.post(&path, close).await.expect(200)["alarm"]["state"], "closed");
}

#[tokio::test]
async fn the_three_administrators_are_three_people() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let roles = json!([{"role": "system_admin", "org_id": app.town.city}, {"role": "audit_admin", "org_id": app.town.city}]);
    let account = json!({"login": "both", "name": "一人两职", "roles": roles});
    admin.put(&format!("/accounts/{}", app.new_id()), account).await.refuses("roles");
    admin.get("/persons").await.problem(403, "forbidden");
    admin.get("/queue").await.problem(403, "forbidden");
}

#[tokio::test]
async fn an_administrator_enrols_a_second_factor_before_anything_else() {
    let app = App::start_in_earnest().await;
    let admin = app.sign_in("sysadmin").await;
    admin.get("/accounts").await.problem(403, "second-factor-missing");

    let enrolment = admin.post("/me/second-factor/start", json!({})).await.expect(200);
    let totp = totp_rs::Totp::from_url(enrolment["otpauth_url"].as_str().unwrap()).unwrap();
    let code = || totp.generate(u64::try_from(app.now().timestamp()).unwrap()).to_string();
    admin.post("/me/second-factor/confirm", json!({"code": "000000x"})).await.refuses("code");
    admin.post("/me/second-factor/confirm", json!({"code": code()})).await.expect(204);
    admin.get("/accounts").await.expect(200);

    app.advance(Duration::minutes(1));
    let nobody = app.anonymous();
    let mut sign_in = json!({"login": "sysadmin", "password": PASSWORD, "mode": "bearer"});
    nobody.post("/sessions", sign_in.clone()).await.problem(401, "second-factor-needed");
    sign_in["code"] = json!(code());
    nobody.post("/sessions", sign_in.clone()).await.expect(201);
    nobody.post("/sessions", sign_in).await.problem(401, "sign-in-refused");
}

#[tokio::test]
async fn a_worker_sees_the_own_grid_and_nothing_of_the_neighbours() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let neighbour = app.sign_in("neighbour").await;
    let person = app.person(&worker, "王秀英").await;

    worker.get(&format!("/persons/{person}")).await.expect(200);
    neighbour.get(&format!("/persons/{person}")).await.problem(404, "not-found");
    let body = app.screening(person, app.new_id(), "phq9", phq9(&[]));
    neighbour.put(&format!("/screenings/{}", app.new_id()), body).await.refuses("person_id");
    worker.get("/queue").await.problem(403, "forbidden");
    worker.get("/accounts").await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_workers_live_socket_carries_no_district() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let screen = Screen::open(&app, &worker).await;
    assert_eq!(screen.cursors.keys().collect::<Vec<_>>(), ["tenant"]);
}

#[tokio::test]
async fn a_ticket_opens_one_socket_only() {
    let app = App::start().await;
    let dispatcher = app.sign_in("dispatcher").await;
    let ticket = dispatcher.post("/live/tickets", json!({})).await.expect(201);
    let url = format!(
        "{}/api/v1/live?ticket={}",
        app.base_url.replace("http", "ws"),
        ticket["ticket"].as_str().unwrap()
    );
    let first = tokio_tungstenite::connect_async(&url).await;
    assert!(first.is_ok());
    assert!(tokio_tungstenite::connect_async(&url).await.is_err());
}

#[tokio::test]
async fn a_role_in_one_place_opens_nothing_in_another() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let mixed = app
        .newcomer("mixed", &[("grid_worker", app.town.district), ("counsellor", app.town.other_district)])
        .await;
    let person = app.person(&worker, "王秀英").await;
    let body = app.screening(person, app.new_id(), "c_ssrs_screener", c_ssrs_high());
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    app.run_due().await;

    assert_eq!(mixed.get("/queue").await.expect(200)["items"], json!([]));
    let item = format!("/queue/{}", receipt["queue_item"]["id"].as_str().unwrap());
    mixed.get(&item).await.problem(404, "not-found");
    mixed.post(&format!("{item}/confirm"), json!({"expected_version": 1})).await.problem(404, "not-found");
    let screen = Screen::open(&app, &mixed).await;
    let other = format!("district:{}", app.town.other_district);
    assert_eq!(screen.cursors.keys().collect::<Vec<_>>(), [&other, "tenant"]);
    mixed.get(&format!("/persons/{person}")).await.expect(200);
}

#[tokio::test]
async fn a_screen_shows_of_each_district_what_the_role_there_may_see() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let mixed = app
        .newcomer("mixed", &[("case_worker", app.town.district), ("counsellor", app.town.other_district)])
        .await;
    let press = async |id| worker.put(&format!("/alarms/{id}"), json!({"kind": "button"})).await.status;
    press(app.new_id()).await;
    app.run_due().await;
    let mut screen = Screen::open(&app, &mixed).await;
    let here = format!("district:{}", app.town.district);
    let snapshot = screen.snapshots.iter().find(|snapshot| snapshot["stream"] == here).unwrap();
    assert_eq!(snapshot["alarms"], json!([]), "a case worker sees no alarms");

    let person = app.person(&worker, "王秀英").await;
    let body = app.screening(person, app.new_id(), "phq9", phq9(&[("q1", 3), ("q2", 3)]));
    worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    app.run_due().await;
    screen.event("queue.suggested").await;
    press(app.new_id()).await;
    app.run_due().await;
    screen.event("hidden").await;
    assert!(screen.events.iter().all(|event| !event["type"].as_str().unwrap().starts_with("alarm.")));
}
