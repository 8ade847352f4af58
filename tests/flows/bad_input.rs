//! What no form sends: refused at the door with the field named, never an error on our side.

use crate::harness::{App, Client, c_ssrs_high, phq9};
use serde_json::{Value, json};

/// A request that is good as it stands; `{}` in the path is an id of its own.
type Good<'a> = (&'a Client, &'static str, String, Value);

async fn send(app: &App, (by, method, path, _): &Good<'_>, body: &Value) -> (u16, Value) {
    let path = path.replace("{}", &app.new_id().to_string());
    let response = by.request(method.parse().unwrap(), &path).json(body).send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
}

/// Each text in turn made into what no form sends.
async fn break_every_text<const N: usize>(app: &App, requests: [Good<'_>; N]) {
    let odd = ["x".repeat(50_000), "-9999-01-01".into(), "-9999-01-01T00:00:00Z".into(), "\u{fffe}".into()];
    for good in requests {
        let (path, body) = (&good.2, &good.3);
        let mut places = Vec::new();
        texts(body, "", "", &mut places);
        for (at, name) in places {
            let mut broken = body.clone();
            *broken.pointer_mut(&at).unwrap() = json!("a\u{0}b");
            let (status, problem) = send(app, &good, &broken).await;
            assert_eq!((status, &problem["errors"][0]["field"]), (422, &json!(name)), "{path} {problem}");
            for odd in &odd {
                *broken.pointer_mut(&at).unwrap() = json!(odd);
                let (status, problem) = send(app, &good, &broken).await;
                assert!(status < 500, "{path} {name}: {problem}");
            }
        }
    }
}

/// Where texts stand, as `/a/0/b`, and how an answer names the place, as `a[0].b`.
fn texts(value: &Value, at: &str, name: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(_) => found.push((at.to_owned(), name.to_owned())),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                texts(item, &format!("{at}/{i}"), &format!("{name}[{i}]"), found);
            }
        }
        Value::Object(fields) => {
            for (field, item) in fields {
                let dot = if name.is_empty() { "" } else { "." };
                texts(item, &format!("{at}/{field}"), &format!("{name}{dot}{field}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

async fn red_item(app: &App, worker: &Client) -> String {
    let person = app.person(worker, "王秀英").await;
    let body = app.screening(person, app.new_id(), "c_ssrs_screener", c_ssrs_high());
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    receipt["queue_item"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_text_about_accounts_breaks_the_server() {
    let app = App::start().await;
    let nobody = app.anonymous();
    let admin = app.sign_in("sysadmin").await;
    let worker = app.sign_in("worker").await;
    let long = "long enough for a night";
    let role = json!({"role": "counsellor", "org_id": app.town.city, "org_name": "灯市"});
    let account = json!({"login": "new", "name": "新同事", "roles": [role]});
    let session = json!({"login": "worker", "password": "x", "code": "123456", "mode": "bearer"});
    let unit = json!({"parent_id": app.town.city, "kind": "district", "code": "linhai", "name": "临海区"});
    let requests: [Good<'_>; 8] = [
        (&nobody, "POST", "/sessions".into(), session),
        (&nobody, "POST", "/setup/abc".into(), json!({"password": long, "mode": "bearer"})),
        (&worker, "POST", "/me/password".into(), json!({"old_password": "x", "password": long})),
        (&worker, "POST", "/me/second-factor/start".into(), json!({"password": "x", "code": "123456"})),
        (&worker, "POST", "/me/second-factor/confirm".into(), json!({"code": "123456"})),
        (&admin, "PUT", "/accounts/{}".into(), account),
        (&admin, "PUT", "/org-units/{}".into(), unit),
        (&worker, "POST", "/duty/grid_worker/on".into(), json!({"org_id": app.town.grid})),
    ];
    break_every_text(&app, requests).await;
}

#[tokio::test]
async fn no_text_about_people_breaks_the_server() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let director = app.sign_in("director").await;
    let person = app.person(&worker, "李桂兰").await;
    let mut on_paper = app.screening(person, app.new_id(), "phq9", phq9(&[]));
    on_paper["mode"] = json!("paper");
    on_paper["consent"]["guardian_relation"] = json!("mother");
    on_paper["danger_to_life"] = json!({"reason": "正在写遗书"});
    let file = json!({
        "name": "王秀英", "sex": "F", "birth_date": "1992-03-04", "org_id": app.town.grid, "phone": "13800005678",
        "address": "滨江路 18 号", "id_number": "11010519491231002X", "modifiers": ["bereaved"],
    });
    let campaign = json!({
        "title": "春季筛查", "scales": [{"code": "phq9", "version": "1.0.0"}], "org_id": app.town.district,
        "starts_on": "2026-11-20", "ends_on": "2026-12-20",
    });
    let requests: [Good<'_>; 4] = [
        (&worker, "PUT", "/persons/{}".into(), file),
        (&worker, "POST", "/persons/search".into(), json!({"q": "王秀英", "org_id": app.town.grid})),
        (&worker, "PUT", "/screenings/{}".into(), on_paper),
        (&director, "PUT", "/campaigns/{}".into(), campaign),
    ];
    break_every_text(&app, requests).await;
}

#[tokio::test]
async fn no_text_about_alarms_and_results_breaks_the_server() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let clinician = app.sign_in("clinician").await;
    let dispatcher = app.sign_in("dispatcher").await;
    let item = red_item(&app, &worker).await;
    let alarm = app.new_id();
    worker.put(&format!("/alarms/{alarm}"), json!({"kind": "button"})).await.expect(201);
    let at = |command: &str| format!("/alarms/{alarm}/{command}");
    let item = |command: &str| format!("/queue/{item}/{command}");
    let press = json!({
        "kind": "button", "org_id": app.town.grid, "place": "桥头", "note": "在哭", "raised_at": app.now(),
    });
    let with = |mut body: Value| {
        body["expected_version"] = json!(1);
        body
    };
    let second = json!({"login": "lead", "password": "x", "code": "123456"});
    let close = with(json!({"code": "helped", "reason": "家属已到", "second": second}));
    let requests: [Good<'_>; 9] = [
        (&worker, "PUT", "/alarms/{}".into(), press),
        (&dispatcher, "POST", at("note"), with(json!({"id": app.new_id(), "text": "已到楼下"}))),
        (&dispatcher, "POST", at("escalate"), with(json!({"reason": "人手不够"}))),
        (&dispatcher, "POST", at("cannot-reach"), with(json!({"how": "无人接", "retry_in_secs": 60}))),
        (&dispatcher, "POST", at("shelve"), with(json!({"for_secs": 60, "reason": "等家属"}))),
        (&dispatcher, "POST", at("close"), close),
        (&clinician, "POST", item("change"), with(json!({"tier": 3, "reason": "面谈后"}))),
        (&clinician, "POST", item("contacted"), with(json!({"note": "已通话"}))),
        (&clinician, "POST", item("close"), with(json!({"outcome": "helped", "reason": "已转介"}))),
    ];
    break_every_text(&app, requests).await;
}

#[tokio::test]
async fn a_day_is_of_our_time_and_a_role_is_held_once() {
    let app = App::start().await;
    let director = app.sign_in("director").await;
    let mut campaign = json!({
        "title": "春季筛查", "scales": [{"code": "phq9", "version": "1.0.0"}], "org_id": app.town.district,
        "starts_on": "-9999-01-01", "ends_on": "2026-12-20",
    });
    let path = format!("/campaigns/{}", app.new_id());
    director.put(&path, campaign.clone()).await.refuses("starts_on");
    campaign["starts_on"] = json!("2026-11-20");
    campaign["ends_on"] = json!("+99999-02-01");
    director.put(&path, campaign).await.refuses("ends_on");
    let alarm = json!({"kind": "button", "raised_at": "-9999-01-01T00:00:00Z"});
    director.put(&format!("/alarms/{}", app.new_id()), alarm).await.refuses("raised_at");

    let admin = app.sign_in("sysadmin").await;
    let role = json!({"role": "counsellor", "org_id": app.town.city});
    let twice = json!({"login": "twice", "name": "新同事", "roles": [role, role]});
    admin.put(&format!("/accounts/{}", app.new_id()), twice).await.expect(201);
}

#[tokio::test]
async fn a_question_with_an_unwritable_character_is_refused_too() {
    let app = App::start().await;
    let clinician = app.sign_in("clinician").await;
    clinician.get("/queue?state=%00").await.refuses("query");
    clinician.get("/alarms?state=a%1fb").await.refuses("query");
}
