//! The org tree: made and renamed by a system administrator, and never moved.

use crate::harness::App;
use serde_json::json;

#[tokio::test]
async fn a_district_grows_from_the_city_down_to_its_grids() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let (district, grid) = (app.new_id(), app.new_id());
    let place = format!("/org-units/{district}");
    let body = json!({"parent_id": app.town.city, "kind": "district", "code": "linhai", "name": "临海区"});
    let made = admin.put(&place, body.clone()).await.expect(201);
    assert_eq!(made["district_id"], json!(district));
    admin.put(&place, body.clone()).await.expect(200);
    let below = json!({"parent_id": district, "kind": "grid", "code": "linhai-1", "name": "第 1 网格"});
    let made = admin.put(&format!("/org-units/{grid}"), below).await.expect(201);
    assert_eq!(made["district_id"], json!(district));

    let mut renamed = body;
    renamed["name"] = json!("滨海区");
    assert_eq!(admin.put(&place, renamed).await.expect(200)["name"], "滨海区");
    let trail = "select count(*) from audit_entry where action in ('org.create', 'org.rename')";
    assert_eq!(app.count(trail).await, 3);

    let worker = app.newcomer("newworker", &[("grid_worker", grid)]).await;
    worker.post("/duty/grid_worker/on", json!({"org_id": grid})).await.expect(204);
    worker
        .put(&place, json!({"parent_id": null, "kind": "grid", "code": "x", "name": "x"}))
        .await
        .problem(403, "forbidden");
}

#[tokio::test]
async fn what_does_not_fit_into_the_tree_is_refused_by_its_field() {
    let app = App::start().await;
    let admin = app.sign_in("sysadmin").await;
    let good = json!({"parent_id": app.town.grid, "kind": "school", "code": "no-1", "name": "第一中学"});
    let with = |field: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let put = async |body| admin.put(&format!("/org-units/{}", app.new_id()), body).await;
    put(good.clone()).await.refuses("kind");
    put(with("kind", json!("castle"))).await.refuses("kind");
    put(with("parent_id", json!(app.new_id()))).await.refuses("parent_id");
    put(with("parent_id", json!(null))).await.refuses("parent_id");
    put(with("code", json!("No 1"))).await.refuses("code");
    put(with("name", json!(" "))).await.refuses("name");
    put(with("name", json!("长".repeat(61)))).await.refuses("name");
    let school = |code: &str| json!({"parent_id": app.town.district, "kind": "school", "code": code, "name": "第一中学"});
    let place = format!("/org-units/{}", app.new_id());
    admin.put(&place, school("school-1")).await.expect(201);
    put(school("school-1")).await.refuses("code");
    admin.put(&place, json!({"parent_id": app.town.other_district, "kind": "school", "code": "school-1", "name": "第一中学"}))
        .await
        .refuses("parent_id");
    admin.put(&place, json!({"parent_id": app.town.district, "kind": "hospital", "code": "school-1", "name": "第一中学"}))
        .await
        .refuses("kind");
}

#[tokio::test]
async fn another_tenants_places_are_not_there() {
    let app = App::start().await;
    app.execute(
        "insert into tenant (id, code, name, created_at)
         values ('0193aaaa-0000-7000-8000-000000000001', 'other', '邻市', now())",
    )
    .await;
    app.execute(
        "insert into org_unit (tenant_id, id, kind, code, name, path, district_id)
         values ('0193aaaa-0000-7000-8000-000000000001', '0193aaaa-0000-7000-8000-000000000002', 'city', 'other', '邻市',
                 '{0193aaaa-0000-7000-8000-000000000002}', '0193aaaa-0000-7000-8000-000000000002')",
    )
    .await;
    let admin = app.sign_in("sysadmin").await;
    let theirs = "0193aaaa-0000-7000-8000-000000000002";
    let body = json!({"parent_id": theirs, "kind": "district", "code": "ours", "name": "飞地"});
    admin.put(&format!("/org-units/{}", app.new_id()), body).await.refuses("parent_id");
    let body = json!({"parent_id": null, "kind": "city", "code": "other", "name": "改名"});
    admin.put(&format!("/org-units/{theirs}"), body).await.refuses("parent_id");
    let units = admin.get("/org-units").await.expect(200);
    assert_eq!(units.as_array().unwrap().len(), 5);
}
