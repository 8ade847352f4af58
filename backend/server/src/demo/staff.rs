//! The people who work in the demo city: one for every role, and a grid worker for each district.

use super::city::City;
use super::id;
use crate::identity::{Actor, Grant, NewAccount, PasswordHash, go_on_duty, install_account};
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::Timestamp;
use rules::identity::{Post, Role};
use rules::ids::{AccountId, OrgId, SessionId, TenantId};

#[derive(Debug, Clone, Copy)]
enum Place {
    City,
    Street,
    Community,
    Grid,
    School,
}

/// Login, name, role, where, and the post held this night.
const STAFF: [(&str, &str, Role, Place, Option<Post>); 16] = [
    ("worker", "陈玉兰", Role::GridWorker, Place::Grid, Some(Post::GridWorker)),
    ("police", "罗建军", Role::Police, Place::Street, None),
    ("mediator", "蒋慧敏", Role::Mediator, Place::Community, None),
    ("dispatcher", "周岚", Role::Dispatcher, Place::City, Some(Post::SeatDispatcher)),
    ("dispatcher2", "李想", Role::Dispatcher, Place::City, Some(Post::SeatDispatcher)),
    ("lead", "陈立群", Role::DutyLead, Place::City, Some(Post::DutyLead)),
    ("director", "何敏", Role::Director, Place::City, Some(Post::Director)),
    ("clinician", "孙雨", Role::Clinician, Place::City, Some(Post::Clinician)),
    ("counsellor", "何静", Role::Counsellor, Place::City, Some(Post::Counsellor)),
    ("supervisor", "苏映雪", Role::Supervisor, Place::City, None),
    ("school", "田语桐", Role::SchoolPsychologist, Place::School, Some(Post::SchoolPsychologist)),
    ("caseworker", "许可", Role::CaseWorker, Place::City, Some(Post::CaseWorker)),
    ("leader", "高远", Role::CityLeader, Place::City, None),
    ("sysadmin", "石磊", Role::SystemAdmin, Place::City, Some(Post::OnCallAdmin)),
    ("secadmin", "范安宁", Role::SecurityAdmin, Place::City, None),
    ("auditadmin", "沈明察", Role::AuditAdmin, Place::City, None),
];

/// They have screened their districts so far; nobody signs in as them.
const FIELD_NAMES: [&str; 10] =
    ["曹颖", "赵启明", "邓伟", "覃德", "韦小川", "龙海燕", "卢志航", "姚春生", "施文琴", "白守义"];

/// What a person at the keyboard needs to sign in as somebody.
#[derive(Debug, Clone, Copy)]
pub struct Login {
    pub role: Role,
    pub login: &'static str,
}

pub fn logins() -> impl Iterator<Item = Login> {
    STAFF.iter().map(|&(login, _, role, ..)| Login { role, login })
}

fn account(login: &str) -> AccountId {
    AccountId(id("account", login))
}

pub fn accounts() -> Vec<AccountId> {
    STAFF.iter().map(|(login, ..)| account(login)).collect()
}

fn field_login(district: usize) -> String {
    format!("grid{:02}", district + 1)
}

fn place(city: &City, place: Place) -> OrgId {
    match place {
        Place::City => city.root,
        Place::Street => city.street,
        Place::Community => city.community,
        Place::Grid => city.grid,
        Place::School => city.school,
    }
}

pub async fn install(ctx: &Ctx, tx: &mut ScopedTx, city: &City, password: &PasswordHash) -> sqlx::Result<()> {
    for (login, name, role, at, _) in STAFF {
        let new = new_account(login, name, role, place(city, at));
        install_account(ctx, tx, &new, Some(password)).await?;
    }
    for (at, (name, district)) in FIELD_NAMES.iter().zip(&city.districts).enumerate() {
        let new = new_account(&field_login(at), name, Role::GridWorker, *district);
        install_account(ctx, tx, &new, None).await?;
    }
    Ok(())
}

fn new_account(login: &str, name: &str, role: Role, org: OrgId) -> NewAccount {
    NewAccount {
        id: account(login),
        login: login.to_owned(),
        name: name.to_owned(),
        grants: vec![Grant { role, org }],
    }
}

/// The night shift goes on.
pub async fn go_on(ctx: &Ctx, tx: &mut ScopedTx, city: &City) -> Result<(), Problem> {
    for (login, _, _, at, post) in STAFF {
        if let Some(post) = post {
            go_on_duty(ctx, tx, post, place(city, at), account(login)).await?;
        }
    }
    for (at, district) in city.districts.iter().enumerate() {
        go_on_duty(ctx, tx, Post::GridWorker, *district, account(&field_login(at))).await?;
    }
    Ok(())
}

/// Somebody at work, without having signed in.
pub fn actor(city: &City, tenant: TenantId, login: &str, until: Timestamp) -> Option<Actor> {
    let &(login, name, role, at, _) = STAFF.iter().find(|(known, ..)| *known == login)?;
    Some(working(tenant, login, name, Grant { role, org: place(city, at) }, until))
}

/// The grid worker of a district.
pub fn field_worker(city: &City, tenant: TenantId, district: usize, until: Timestamp) -> Option<Actor> {
    let (name, org) = FIELD_NAMES.get(district).zip(city.districts.get(district))?;
    Some(working(tenant, &field_login(district), name, Grant { role: Role::GridWorker, org: *org }, until))
}

fn working(tenant: TenantId, login: &str, name: &str, grant: Grant, until: Timestamp) -> Actor {
    Actor {
        tenant,
        account: account(login),
        session: SessionId(id("session", login)),
        name: name.to_owned(),
        login: login.to_owned(),
        must_enrol: false,
        csrf: String::new(),
        expires_at: until,
        grants: vec![grant],
    }
}
