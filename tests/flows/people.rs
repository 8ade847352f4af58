//! Files of people: written once, completed, found, and opened on record.

use crate::harness::App;
use chrono::Duration;
use serde_json::{Value, json};

/// Invented; the check digit of GB 11643's own example.
const ID_NUMBER: &str = "11010519491231002X";

fn file(app: &App) -> Value {
    json!({
        "name": "林晓薇", "sex": "F", "birth_date": "1949-12-31", "org_id": app.town.grid,
        "phone": "+86 138-0013-8000", "id_number": ID_NUMBER, "address": "滨江路 1 号",
    })
}

#[tokio::test]
async fn the_same_file_sent_again_gets_the_first_answer_and_another_content_is_refused() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let path = format!("/persons/{}", app.new_id());

    let first = worker.put(&path, file(&app)).await.expect(201);
    app.advance(Duration::hours(1));
    assert_eq!(worker.put(&path, file(&app)).await.expect(200), first);

    let mut other = file(&app);
    other["name"] = json!("别人");
    worker.put(&path, other).await.problem(409, "id-reused");
    assert_eq!(app.count("select count(*) from person").await, 1);
}

#[tokio::test]
async fn one_id_number_has_one_file_and_only_who_may_see_it_is_told_which() {
    let app = App::start().await;
    let (worker, neighbour) = (app.sign_in("worker").await, app.sign_in("neighbour").await);
    let id = app.new_id();
    worker.put(&format!("/persons/{id}"), file(&app)).await.expect(201);

    let again = worker.put(&format!("/persons/{}", app.new_id()), file(&app)).await;
    assert_eq!(again.problem(409, "person-exists")["existing_id"], id.to_string());

    let mut elsewhere = file(&app);
    elsewhere["org_id"] = json!(app.town.other_grid);
    let hidden = neighbour.put(&format!("/persons/{}", app.new_id()), elsewhere).await;
    assert_eq!(hidden.problem(409, "person-exists").get("existing_id"), None);
}

#[tokio::test]
async fn every_wrong_field_is_named_and_no_value_is_repeated() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let answer = worker
        .put(
            &format!("/persons/{}", app.new_id()),
            json!({
                "name": " ", "sex": "X", "birth_date": "2030-01-01", "org_id": app.town.grid, "phone": "1380013800O",
                "id_number": "110105194912310021", "modifiers": ["lonely"],
            }),
        )
        .await;
    assert!(!answer.text.contains("1380013800O") && !answer.text.contains("110105194912310021"));
    let problem = answer.problem(422, "invalid");
    let fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["name", "sex", "birth_date", "phone", "id_number", "modifiers"]);

    let mut contradicting = file(&app);
    contradicting["birth_date"] = json!("1950-12-31");
    worker.put(&format!("/persons/{}", app.new_id()), contradicting).await.refuses("id_number");
    let mut elsewhere = file(&app);
    elsewhere["org_id"] = json!(app.town.other_grid);
    worker.put(&format!("/persons/{}", app.new_id()), elsewhere).await.refuses("org_id");
    assert_eq!(app.count("select count(*) from person").await, 0);
}

#[tokio::test]
async fn a_file_is_opened_on_record_and_not_at_all_from_outside() {
    let app = App::start().await;
    let (worker, neighbour) = (app.sign_in("worker").await, app.sign_in("neighbour").await);
    let path = format!("/persons/{}", app.new_id());
    worker.put(&path, file(&app)).await.expect(201);

    let opened = worker.get(&path).await.expect(200);
    assert_eq!(opened["phone"], "13800138000");
    assert_eq!(opened["id_number_masked"], "110105********002X");
    let looks = "select count(*) from audit_entry where action = 'person.open' and purpose = 'care'";
    assert_eq!(app.count(looks).await, 1);

    neighbour.get(&path).await.problem(404, "not-found");
    worker.get(&format!("/persons/{}", app.new_id())).await.problem(404, "not-found");
    app.sign_in("dispatcher").await.get(&path).await.problem(403, "forbidden");
    assert_eq!(app.count(looks).await, 1);

    // no row, no read
    app.execute("revoke insert on audit_entry from xindeng_app").await;
    worker.get(&path).await.problem(500, "internal");
}

#[tokio::test]
async fn people_are_found_by_what_they_can_say_of_themselves_within_ones_own_part_of_the_tree() {
    let app = App::start().await;
    let (worker, neighbour) = (app.sign_in("worker").await, app.sign_in("neighbour").await);
    let id = app.new_id();
    worker.put(&format!("/persons/{id}"), file(&app)).await.expect(201);

    for said in ["林晓薇", " 林晓薇 ", "138 0013 8000", "8000", "11010519491231002x"] {
        let found = worker.post("/persons/search", json!({"q": said})).await.expect(200);
        assert_eq!(found["items"][0]["id"], id.to_string(), "{said}");
        assert_eq!(found["items"][0]["phone_tail"], "8000");
        let elsewhere = neighbour.post("/persons/search", json!({"q": said})).await.expect(200);
        assert_eq!(elsewhere["items"], json!([]), "{said}");
    }
    let nobody = worker.post("/persons/search", json!({"q": "林晓"})).await.expect(200);
    assert_eq!(nobody["items"], json!([]));
    let listed = worker.get(&format!("/persons?org_id={}", app.town.grid)).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_is_completed_later_and_the_slower_of_two_is_told() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let path = format!("/persons/{}", app.new_id());
    worker.put(&path, json!({"name": "林晓薇", "org_id": app.town.grid})).await.expect(201);

    let amend = format!("{path}/amend");
    let complete = json!({"expected_version": 1, "id_number": ID_NUMBER, "phone": "13800138000"});
    assert_eq!(worker.post(&amend, complete.clone()).await.expect(200)["version"], 2);
    worker.post(&amend, complete).await.problem(409, "version-conflict");
    worker.post(&amend, json!({"expected_version": 2, "phone": ""})).await.expect(200);

    let opened = worker.get(&path).await.expect(200);
    assert_eq!(opened["sex"], "F", "said by the ID number");
    assert_eq!(opened["birth_date"], "1949-12-31");
    assert_eq!(opened["phone"], Value::Null);
    assert_eq!(opened["version"], 3);
    // a late retry of the first request is still that request
    worker.put(&path, json!({"name": "林晓薇", "org_id": app.town.grid})).await.expect(200);
}
