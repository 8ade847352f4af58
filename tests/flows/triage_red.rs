//! No red is left behind: what a later answer, a contact, a closed alarm or a person who leaves makes of an item.

use crate::harness::{App, Client, c_ssrs_high, phq9};
use chrono::{DateTime, Duration, Utc};
use serde_json::{Value, json};
use server::overview::{Invariant, check};
use uuid::Uuid;

const SEVERE: [(&str, i64); 8] =
    [("q1", 3), ("q2", 3), ("q3", 3), ("q4", 3), ("q5", 3), ("q6", 3), ("q7", 3), ("q8", 3)];

/// One person's visit, and the queue item that came of it.
struct Visit<'a> {
    app: &'a App,
    worker: &'a Client,
    person: Uuid,
    visit: Uuid,
    first: Uuid,
    item: Uuid,
}

impl<'a> Visit<'a> {
    async fn begin(app: &'a App, worker: &'a Client, answers: Value) -> Self {
        let person = app.person(worker, "王秀英").await;
        Self::of(app, worker, person, answers).await
    }

    async fn of(app: &'a App, worker: &'a Client, person: Uuid, answers: Value) -> Self {
        let (visit, first) = (app.new_id(), app.new_id());
        let body = app.screening(person, visit, "phq9", answers);
        let receipt = worker.put(&format!("/screenings/{first}"), body).await.expect(201);
        app.run_due().await;
        let item = receipt["queue_item"]["id"].as_str().unwrap().parse().unwrap();
        Self { app, worker, person, visit, first, item }
    }

    async fn answers(&self, scale: &str, answers: Value) -> Value {
        let mut body = self.app.screening(self.person, self.visit, scale, answers);
        if scale == "c_ssrs_screener" {
            body["look_of"] = json!(self.first);
        }
        let receipt = self.worker.put(&format!("/screenings/{}", self.app.new_id()), body).await.expect(201);
        self.app.run_due().await;
        receipt
    }

    async fn danger(&self, answered: Value) -> Value {
        let path = format!("/screenings/{}/danger", self.first);
        let said = self.worker.put(&path, answered).await.expect(200);
        self.app.run_due().await;
        said
    }

    async fn act(&self, who: &Client, verb: &str, mut body: Value) -> crate::harness::Answer {
        body["expected_version"] = self.seen_by(who).await["version"].clone();
        let answer = who.post(&format!("/queue/{}/{verb}", self.item), body).await;
        self.app.run_due().await;
        answer
    }

    async fn seen_by(&self, who: &Client) -> Value {
        who.get(&format!("/queue/{}", self.item)).await.expect(200)
    }
}

fn due(item: &Value) -> DateTime<Utc> {
    item["due_at"].as_str().unwrap_or_else(|| panic!("no deadline: {item}")).parse().unwrap()
}

fn moderate() -> Value {
    json!({"q1": 1, "q2": 1, "q3": 1, "q4": 0, "q5": 0, "q6": 0})
}

async fn alarms(app: &App) -> i64 {
    app.count("select count(*) from alarm where kind = 'screening'").await
}

#[tokio::test]
async fn a_second_look_opens_the_item_that_was_closed_before_it() {
    let app = App::start().await;
    let (worker, counsellor) = (app.sign_in("worker").await, app.sign_in("counsellor").await);
    let visit = Visit::begin(&app, &worker, phq9(&[("q9", 3)])).await;
    visit.act(&counsellor, "contacted", json!({"note": "接通"})).await.expect(200);
    visit.act(&counsellor, "close", json!({"outcome": "helped", "reason": "情绪平稳"})).await.expect(200);

    // done in that call, sent after it
    let receipt = visit.answers("c_ssrs_screener", moderate()).await;
    assert_eq!(receipt["queue_item"]["tier"], 3);
    let item = visit.seen_by(&counsellor).await;
    assert_eq!((item["state"].as_str(), &item["contacted_at"]), (Some("open"), &Value::Null));
    assert_eq!((&item["closed_at"], &item["close_outcome"]), (&Value::Null, &Value::Null));
    assert_eq!(due(&item), app.now() + Duration::hours(4));
    let kinds: Vec<&str> =
        item["history"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["suggested", "contacted", "closed", "suggested"]);

    app.advance(Duration::hours(4));
    app.run_due().await;
    assert_eq!(alarms(&app).await, 1, "nobody was in touch about it: P2");
}

#[tokio::test]
async fn a_confirmed_item_takes_the_earlier_deadline_of_the_same_tier() {
    let app = App::start().await;
    let (worker, clinician) = (app.sign_in("worker").await, app.sign_in("clinician").await);
    let visit = Visit::begin(&app, &worker, phq9(&SEVERE)).await;
    visit.act(&clinician, "confirm", json!({})).await.expect(200);
    let first = due(&visit.seen_by(&clinician).await);
    assert_eq!(first, app.now() + Duration::hours(24));
    visit.answers("c_ssrs_screener", moderate()).await;
    let item = visit.seen_by(&clinician).await;
    assert_eq!((item["state"].as_str(), due(&item)), (Some("confirmed"), app.now() + Duration::hours(4)));
    app.advance(Duration::hours(2));
    visit.answers("gad7", gad7(0)).await;
    assert_eq!(due(&visit.seen_by(&clinician).await), app.now() + Duration::hours(2), "and keeps it");
}

fn gad7(each: i64) -> Value {
    (1..=7).map(|n| (format!("q{n}"), json!(each))).collect::<serde_json::Map<_, _>>().into()
}

#[tokio::test]
async fn an_unfinished_look_and_a_sum_that_is_high_already_are_red_on_the_server_too() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let mut answers = phq9(&SEVERE);
    answers.as_object_mut().unwrap().remove("q9");
    let visit = Visit::begin(&app, &worker, answers).await;
    let clinician = app.sign_in("clinician").await;
    let item = visit.seen_by(&clinician).await;
    assert_eq!((item["tier"].as_i64(), due(&item)), (Some(3), app.now() + Duration::hours(24)));
    assert_eq!(item["reasons"][0]["text"]["zh"], "PHQ-9 总分 至少 24，达到 20");
    visit.answers("c_ssrs_screener", json!({"q1": 1, "q2": 1})).await;
    assert_eq!(due(&visit.seen_by(&clinician).await), app.now() + Duration::hours(4));
}

#[tokio::test]
async fn what_is_happening_now_rings_though_the_screening_is_old() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let visit = Visit::begin(&app, &worker, phq9(&[("q1", 2), ("q2", 2), ("q3", 2)])).await;
    app.advance(Duration::hours(49));
    let (worker, clinician) = (app.sign_in("worker").await, app.sign_in("clinician").await);
    let visit = Visit { worker: &worker, ..visit };
    let said = visit.danger(json!({"act_under_way": true})).await;
    assert_eq!(said["suggestion"]["tier"], 4);
    assert!(said["alarm_id"].is_string(), "{said}");
    assert_eq!(app.count("select count(*) from alarm where priority = 1 and state = 'raised'").await, 1);
    let item = visit.seen_by(&clinician).await;
    assert_eq!(
        (item["owner"]["post"].as_str(), item["list"].as_str()),
        (Some("seat_dispatcher"), Some("live"))
    );
}

#[tokio::test]
async fn a_new_yes_after_the_alarm_was_closed_rings_again() {
    let app = App::start().await;
    let (worker, dispatcher) = (app.sign_in("worker").await, app.sign_in("dispatcher").await);
    let visit = Visit::begin(&app, &worker, phq9(&[("q9", 2)])).await;
    let receipt = visit.answers("c_ssrs_screener", c_ssrs_high()).await;
    let alarm = format!("/alarms/{}", receipt["alarm_id"].as_str().unwrap());
    let version = async || dispatcher.get(&alarm).await.expect(200)["version"].clone();
    let acknowledge = json!({"expected_version": version().await});
    dispatcher.post(&format!("{alarm}/acknowledge"), acknowledge).await.expect(200);
    let close = json!({"code": "helped", "reason": "民警已到", "expected_version": version().await});
    dispatcher.post(&format!("{alarm}/close"), close).await.expect(200);
    app.run_due().await;
    visit.danger(json!({"alone": null})).await;
    assert_eq!(dispatcher.get(&alarm).await.expect(200)["state"], "closed", "nothing new was said");
    visit.danger(json!({"act_under_way": true})).await;
    assert_eq!(dispatcher.get(&alarm).await.expect(200)["state"], "raised");
}

fn stage(item: &Value) -> (&str, i64) {
    (item["stage"].as_str().unwrap(), item["follow_up"].as_i64().unwrap())
}

async fn close_alarm(app: &App, dispatcher: &Client, id: &Value, closing: Value) {
    let alarm = format!("/alarms/{}", id.as_str().unwrap());
    let version = async || dispatcher.get(&alarm).await.expect(200)["version"].clone();
    let acknowledge = json!({"expected_version": version().await});
    dispatcher.post(&format!("{alarm}/acknowledge"), acknowledge).await.expect(200);
    let mut body = closing;
    body["expected_version"] = version().await;
    dispatcher.post(&format!("{alarm}/close"), body).await.expect(200);
    app.run_due().await;
}

#[tokio::test]
async fn after_contact_a_red_is_followed_until_only_an_outcome_is_missing() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let visit = Visit::begin(&app, &worker, phq9(&SEVERE)).await;
    let contacted = app.now();
    for (hours, expected, due_after) in [
        (0, ("follow_up", 1), 24),
        (23, ("follow_up", 2), 72),
        (70, ("follow_up", 3), 168),
        (160, ("outcome", 0), 184),
    ] {
        app.advance(contacted + Duration::hours(hours) - app.now());
        app.run_due().await;
        let counsellor = app.sign_in("counsellor").await;
        let item = visit.act(&counsellor, "contacted", json!({"note": "电话"})).await.expect(200);
        assert_eq!(stage(&item), expected);
        assert_eq!(due(&item), contacted + Duration::hours(due_after));
        assert_eq!((item["follow_ups"].as_i64(), item["owner"]["name"].as_str()), (Some(3), Some("何静")));
        assert_eq!(check(&app.ctx).await.unwrap(), []);
    }
    app.advance(Duration::hours(25));
    app.run_due().await;
    let clinician = app.sign_in("clinician").await;
    let item = visit.seen_by(&clinician).await;
    assert!(item["overdue_at"].is_string(), "no outcome was given in time: {item}");
    let asked = "select count(*) from alarm where reason = 'follow_up_missed' and priority = 3";
    assert_eq!(app.count(asked).await, 1);
    let closing = json!({"outcome": "referred", "reason": "已转市三院"});
    let closed = visit.act(&clinician, "close", closing).await.expect(200);
    assert_eq!(closed["state"], "closed");
    assert_eq!(check(&app.ctx).await.unwrap(), []);
}

#[tokio::test]
async fn a_missed_follow_up_of_somebody_with_a_critical_answer_is_an_alarm() {
    let app = App::start().await;
    let (worker, counsellor) = (app.sign_in("worker").await, app.sign_in("counsellor").await);
    let visit = Visit::begin(&app, &worker, phq9(&[("q9", 1)])).await;
    visit.act(&counsellor, "contacted", json!({"note": "接通"})).await.expect(200);
    app.advance(Duration::hours(24));
    app.run_due().await;
    let asked = "select count(*) from alarm where reason = 'follow_up_missed' and priority = 2";
    assert_eq!(app.count(asked).await, 1);
}

#[tokio::test]
async fn closing_an_alarm_passes_its_item_to_a_clinician_who_follows_it() {
    let app = App::start().await;
    let (worker, dispatcher) = (app.sign_in("worker").await, app.sign_in("dispatcher").await);
    let visit = Visit::begin(&app, &worker, phq9(&[("q9", 2)])).await;
    let receipt = visit.answers("c_ssrs_screener", c_ssrs_high()).await;
    assert_eq!(receipt["queue_item"]["owner"]["post"], "seat_dispatcher");
    app.advance(Duration::minutes(15));
    app.run_due().await;
    let closing = json!({"code": "handed_over", "reason": "民警已到场，送市三院"});
    close_alarm(&app, &dispatcher, &receipt["alarm_id"], closing).await;
    let item = visit.seen_by(&dispatcher).await;
    assert_eq!((stage(&item), item["owner"]["post"].as_str()), (("follow_up", 1), Some("clinician")));
    assert_eq!(due(&item), app.now() + Duration::hours(24));
    assert_eq!((&item["overdue_at"], item["owner"]["name"].as_str()), (&Value::Null, Some("孙雨")));
    let last = item["history"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((last["kind"].as_str(), last["by"].as_str()), (Some("alarm_closed"), Some("周岚")));
    assert_eq!(check(&app.ctx).await.unwrap(), []);
}

#[tokio::test]
async fn an_alarm_that_ended_without_reaching_anybody_leaves_first_contact_owed() {
    let app = App::start().await;
    let (worker, dispatcher) = (app.sign_in("worker").await, app.sign_in("dispatcher").await);
    let visit = Visit::begin(&app, &worker, phq9(&[("q9", 2)])).await;
    let receipt = visit.answers("c_ssrs_screener", c_ssrs_high()).await;
    app.advance(Duration::minutes(15));
    app.run_due().await;
    let closing = json!({"code": "cannot_reach", "reason": "三处都不在"});
    close_alarm(&app, &dispatcher, &receipt["alarm_id"], closing).await;
    let clinician = app.sign_in("clinician").await;
    let item = visit.seen_by(&clinician).await;
    assert_eq!((stage(&item), &item["contacted_at"]), (("first_contact", 0), &Value::Null));
    assert_eq!(
        (due(&item), item["owner"]["post"].as_str()),
        (app.now() + Duration::hours(24), Some("clinician"))
    );
    let helped = json!({"outcome": "helped", "reason": "应该没事"});
    visit.act(&clinician, "close", helped).await.problem(409, "not-contacted");
}

#[tokio::test]
async fn an_item_whose_owner_cannot_act_any_more_is_the_posts_again() {
    let app = App::start().await;
    let (worker, counsellor) = (app.sign_in("worker").await, app.sign_in("counsellor").await);
    let visit = Visit::begin(&app, &worker, phq9(&SEVERE)).await;
    visit.act(&counsellor, "contacted", json!({"note": "接通"})).await.expect(200);
    assert_eq!(check(&app.ctx).await.unwrap(), []);
    app.execute("update account set disabled_at = created_at where login = 'counsellor'").await;
    let found = check(&app.ctx).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].invariant, found[0].subject), (Invariant::ResultHasOwner, Some(visit.item)));
    assert!(found[0].is_mended);
    let clinician = app.sign_in("clinician").await;
    let owner = visit.seen_by(&clinician).await["owner"].clone();
    assert_eq!((owner["post"].as_str(), owner["name"].as_str()), (Some("counsellor"), Some("陈立群")));
    assert_eq!(check(&app.ctx).await.unwrap(), []);
}

#[tokio::test]
async fn an_item_that_lost_its_deadline_gets_it_back() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    Visit::begin(&app, &worker, phq9(&SEVERE)).await;
    app.execute("update timer set done_at = due_at where kind = 'queue.due'").await;
    let found = check(&app.ctx).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].invariant, found[0].is_mended), (Invariant::ResultHasTimer, true));
    assert_eq!(check(&app.ctx).await.unwrap(), []);
    app.advance(Duration::hours(24));
    app.run_due().await;
    assert_eq!(app.count("select count(*) from queue_item where overdue_at is not null").await, 1);
}

#[tokio::test]
async fn what_a_person_raises_is_followed_like_what_a_rule_raised() {
    let app = App::start().await;
    let (worker, clinician) = (app.sign_in("worker").await, app.sign_in("clinician").await);
    let visit = Visit::begin(&app, &worker, phq9(&SEVERE[..4])).await;
    assert_eq!(visit.seen_by(&clinician).await["tier"], 2);
    let raised = visit.act(&clinician, "change", json!({"tier": 3})).await.expect(200);
    assert_eq!(
        (due(&raised), raised["owner"]["post"].as_str()),
        (app.now() + Duration::hours(24), Some("counsellor"))
    );
    app.advance(Duration::hours(24));
    app.run_due().await;
    let asked = "select count(*) from alarm where reason = 'first_contact_missed' and priority = 3";
    assert_eq!(app.count(asked).await, 1);
}

#[tokio::test]
async fn a_person_under_18_keeps_the_shorter_deadline_and_the_school_psychologist() {
    let app = App::start().await;
    let (worker, clinician, lead) =
        (app.sign_in("worker").await, app.sign_in("clinician").await, app.sign_in("lead").await);
    let person = app.new_id();
    let child = json!({"name": "小明", "sex": "M", "birth_date": "2011-05-06", "org_id": app.town.grid});
    worker.put(&format!("/persons/{person}"), child).await.expect(201);
    let mut body = app.screening(person, app.new_id(), "phq9", phq9(&SEVERE[..4]));
    body["consent"]["by"] = json!("guardian");
    body["consent"]["guardian_relation"] = json!("mother");
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    assert_eq!(receipt["queue_item"]["owner"]["post"], "school_psychologist");
    let path = format!("/queue/{}", receipt["queue_item"]["id"].as_str().unwrap());
    let change =
        |tier: u8, version: i64| json!({"tier": tier, "reason": "面谈", "expected_version": version});
    let raised = clinician.post(&format!("{path}/change"), change(3, 1)).await.expect(200);
    assert_eq!(due(&raised), app.now() + Duration::hours(12), "half of a day");
    clinician.post(&format!("{path}/change"), change(2, 2)).await.expect(200);
    let agree = json!({"agree": true, "expected_version": 3});
    let lowered = lead.post(&format!("{path}/second"), agree).await.expect(200);
    assert_eq!(lowered["owner"]["post"], "school_psychologist");
    assert_eq!(due(&lowered), app.now() + Duration::hours(36));
}

#[tokio::test]
async fn a_high_tier_is_dismissed_by_two_people_only() {
    let app = App::start().await;
    let (worker, clinician, lead) =
        (app.sign_in("worker").await, app.sign_in("clinician").await, app.sign_in("lead").await);
    let visit = Visit::begin(&app, &worker, phq9(&SEVERE)).await;
    let nothing = json!({"outcome": "no_need_found", "reason": "本人说是误答"});
    visit.act(&clinician, "close", nothing.clone()).await.problem(409, "not-contacted");
    visit.act(&clinician, "contacted", json!({"note": "接通"})).await.expect(200);
    let asked = visit.act(&clinician, "close", nothing).await.expect(200);
    assert_eq!(asked["state"], "open", "one person alone closes nothing");
    assert_eq!(asked["second_person_for"], json!(["no_need_found", "refused_help", "cannot_reach"]));
    assert_eq!(asked["second_person"]["outcome"], "no_need_found");
    visit.act(&clinician, "second", json!({"agree": true})).await.problem(409, "same-person");
    let declined = visit.act(&lead, "second", json!({"agree": false})).await.expect(200);
    assert_eq!((declined["state"].as_str(), &declined["second_person"]), (Some("open"), &Value::Null));
    visit
        .act(&clinician, "close", json!({"outcome": "refused_help", "reason": "不愿再谈"}))
        .await
        .expect(200);
    let closed = visit.act(&lead, "second", json!({"agree": true})).await.expect(200);
    assert_eq!(
        (closed["state"].as_str(), closed["close_outcome"].as_str()),
        (Some("closed"), Some("refused_help"))
    );
}

#[tokio::test]
async fn nobody_is_beyond_reach_before_it_was_tried() {
    let app = App::start().await;
    let (worker, clinician, lead) =
        (app.sign_in("worker").await, app.sign_in("clinician").await, app.sign_in("lead").await);
    let visit = Visit::begin(&app, &worker, phq9(&SEVERE)).await;
    let deadline = due(&visit.seen_by(&clinician).await);
    let cannot = json!({"outcome": "cannot_reach", "reason": "电话、上门都没有人"});
    for tried in 0..3 {
        let refused = visit.act(&clinician, "close", cannot.clone()).await.problem(409, "attempts-needed");
        assert_eq!((refused["recorded"].as_i64(), refused["needed"].as_i64()), (Some(tried), Some(3)));
        visit.act(&clinician, "attempted", json!({"note": " "})).await.refuses("note");
        app.advance(Duration::hours(2));
        let item = visit.act(&clinician, "attempted", json!({"note": "电话无人接听"})).await.expect(200);
        assert_eq!(
            (item["attempts"].as_i64(), due(&item)),
            (Some(tried + 1), deadline),
            "no contact, no delay"
        );
    }
    visit.act(&clinician, "close", cannot).await.expect(200);
    let closed = visit.act(&lead, "second", json!({"agree": true})).await.expect(200);
    assert_eq!(closed["close_outcome"], "cannot_reach");
}

#[tokio::test]
async fn what_one_scale_has_shown_is_not_forgotten_at_the_next() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let person = app.person(&worker, "王秀英").await;
    let calm = app.screening(person, app.new_id(), "phq9", phq9(&[("q1", 3)]));
    worker.put(&format!("/screenings/{}", app.new_id()), calm).await.expect(201);
    app.advance(Duration::days(1));
    let (worker, clinician) = (app.sign_in("worker").await, app.sign_in("clinician").await);
    let today = Visit::of(&app, &worker, person, phq9(&[("q1", 3), ("q2", 3), ("q3", 3)])).await;
    let item = today.seen_by(&clinician).await;
    assert_eq!((item["tier"].as_i64(), item["reasons"][0]["row"].as_str()), (Some(2), Some("phq9_worse")));
    let receipt = today.answers("gad7", gad7(0)).await;
    assert_eq!(
        (receipt["suggestion"]["tier"].as_i64(), receipt["queue_item"]["tier"].as_i64()),
        (Some(2), Some(2))
    );
    let said = today.danger(json!({"alone": null})).await;
    assert_eq!(said["suggestion"]["tier"], 2);
    assert_eq!(today.seen_by(&clinician).await["tier"], 2);
}

#[tokio::test]
async fn a_call_back_is_not_put_off_by_another_scale() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let visit = Visit::begin(&app, &worker, phq9(&[("q9", 2)])).await;
    app.advance(Duration::minutes(20));
    visit.answers("gad7", gad7(0)).await;
    assert_eq!(alarms(&app).await, 0);
    app.advance(Duration::minutes(10));
    app.run_due().await;
    assert_eq!(alarms(&app).await, 1, "thirty minutes after the answer, not after the next scale");
}

#[tokio::test]
async fn a_dispatchers_seat_keeps_nobody_after_the_danger() {
    let app = App::start().await;
    let worker = app.sign_in("worker").await;
    let visit = Visit::begin(&app, &worker, phq9(&[("q9", 2)])).await;
    visit.answers("c_ssrs_screener", c_ssrs_high()).await;
    app.advance(Duration::days(14));
    let worker = app.sign_in("worker").await;
    let answers = phq9(&[("q1", 3), ("q2", 3)]);
    let body = app.screening(visit.person, app.new_id(), "phq9", answers);
    let receipt = worker.put(&format!("/screenings/{}", app.new_id()), body).await.expect(201);
    assert_eq!(receipt["queue_item"]["tier"], 2);
    assert_eq!(receipt["queue_item"]["owner"]["post"], "case_worker");
}

#[tokio::test]
async fn a_person_who_raises_to_4_is_not_kept_waiting_by_a_call_back() {
    let app = App::start().await;
    let (worker, clinician) = (app.sign_in("worker").await, app.sign_in("clinician").await);
    let visit = Visit::begin(&app, &worker, phq9(&[("q9", 2)])).await;
    assert_eq!(alarms(&app).await, 0);
    visit.act(&clinician, "change", json!({"tier": 4})).await.expect(200);
    assert_eq!(alarms(&app).await, 1);
}
