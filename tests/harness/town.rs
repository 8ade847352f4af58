//! A small invented town: two districts, a grid each, a person for every post, a night shift.

use super::database;
use rules::identity::Post;
use rules::ids::{AccountId, OrgId, TenantId};
use server::identity::{Password, hash_password};
use server::platform::{Ctx, Purpose, SYSTEM, Scope};
use sqlx::PgConnection;
use tokio::sync::OnceCell;
use uuid::Uuid;

pub const PASSWORD: &str = "night-shift-42";

/// login, name, role, place, post
const STAFF: [(&str, &str, &str, Place, Option<Post>); 12] = [
    ("worker", "陈玉兰", "grid_worker", Place::Grid, Some(Post::GridWorker)),
    ("neighbour", "赵启明", "grid_worker", Place::OtherGrid, None),
    ("dispatcher", "周岚", "dispatcher", Place::City, Some(Post::SeatDispatcher)),
    ("dispatcher2", "李娜", "dispatcher", Place::City, Some(Post::SeatDispatcher)),
    ("lead", "陈立群", "duty_lead", Place::City, Some(Post::DutyLead)),
    ("director", "何敏", "director", Place::City, Some(Post::Director)),
    ("clinician", "孙雨", "clinician", Place::City, Some(Post::Clinician)),
    ("counsellor", "何静", "counsellor", Place::City, Some(Post::Counsellor)),
    ("caseworker", "许可", "case_worker", Place::City, Some(Post::CaseWorker)),
    ("sysadmin", "系统管理员", "system_admin", Place::City, Some(Post::OnCallAdmin)),
    ("auditadmin", "审计管理员", "audit_admin", Place::City, None),
    ("secadmin", "安全管理员", "security_admin", Place::City, None),
];

#[derive(Clone, Copy)]
enum Place {
    City,
    Grid,
    OtherGrid,
}

#[derive(Debug, Clone, Copy)]
pub struct Town {
    pub tenant: TenantId,
    pub city: Uuid,
    pub district: Uuid,
    pub grid: Uuid,
    pub other_district: Uuid,
    pub other_grid: Uuid,
}

impl Town {
    const fn plan() -> Self {
        const fn id(n: u128) -> Uuid {
            Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + n)
        }
        Self {
            tenant: TenantId(id(1)),
            city: id(10),
            district: id(11),
            grid: id(12),
            other_district: id(21),
            other_grid: id(22),
        }
    }

    /// After a restart the town is there already.
    pub async fn found_or_found(ctx: &Ctx, database_url: &str) -> Self {
        let town = Self::plan();
        if ctx.tenants().is_empty() {
            let mut connection = database::connect(database_url).await;
            town.found(&mut connection).await;
            *ctx.tenants.write().unwrap() = server::identity::load_tenants(&ctx.db).await.unwrap();
            town.go_on_duty(ctx).await;
        }
        town
    }

    async fn found(&self, db: &mut PgConnection) {
        run(db, "insert into tenant (id, code, name, is_fictional, created_at) values ($1, 'town', '灯市（虚构）', true, now())", &[self.tenant.0]).await;
        let units = [
            (self.city, None, "city", "灯市", vec![self.city], self.city),
            (
                self.district,
                Some(self.city),
                "district",
                "青枫区",
                vec![self.city, self.district],
                self.district,
            ),
            (
                self.grid,
                Some(self.district),
                "grid",
                "第 3 网格",
                vec![self.city, self.district, self.grid],
                self.district,
            ),
            (
                self.other_district,
                Some(self.city),
                "district",
                "澄湖区",
                vec![self.city, self.other_district],
                self.other_district,
            ),
            (
                self.other_grid,
                Some(self.other_district),
                "grid",
                "第 8 网格",
                vec![self.city, self.other_district, self.other_grid],
                self.other_district,
            ),
        ];
        for (id, parent, kind, name, path, district) in units {
            sqlx::query("insert into org_unit (tenant_id, id, parent_id, kind, code, name, path, district_id) values ($1, $2, $3, $4, $5, $6, $7, $8)")
                .bind(self.tenant.0).bind(id).bind(parent).bind(kind).bind(id.to_string()).bind(name).bind(path).bind(district)
                .execute(&mut *db).await.unwrap();
        }
        let hash = password_hash().await;
        for (n, (login, name, role, place, _)) in STAFF.into_iter().enumerate() {
            let id = account_id(n);
            sqlx::query("insert into login_directory (login, tenant_id, account_id) values ($1, $2, $3)")
                .bind(login)
                .bind(self.tenant.0)
                .bind(id)
                .execute(&mut *db)
                .await
                .unwrap();
            sqlx::query("insert into account (tenant_id, id, login, name, password_hash, created_at) values ($1, $2, $3, $4, $5, now())")
                .bind(self.tenant.0).bind(id).bind(login).bind(name).bind(hash).execute(&mut *db).await.unwrap();
            sqlx::query(
                "insert into account_role (tenant_id, account_id, role, org_id) values ($1, $2, $3, $4)",
            )
            .bind(self.tenant.0)
            .bind(id)
            .bind(role)
            .bind(self.at(place))
            .execute(&mut *db)
            .await
            .unwrap();
        }
    }

    async fn go_on_duty(&self, ctx: &Ctx) {
        let scope = Scope {
            tenant: self.tenant,
            actor: SYSTEM,
            scopes: vec![OrgId(self.city)],
            purpose: Purpose::System,
        };
        let mut tx = ctx.db.begin(&scope).await.unwrap();
        for (n, (_, _, _, place, post)) in STAFF.into_iter().enumerate() {
            if let Some(post) = post {
                let (org, account) = (OrgId(self.at(place)), AccountId(account_id(n)));
                server::identity::go_on_duty(ctx, &mut tx, post, org, account).await.unwrap();
            }
        }
        tx.commit().await.unwrap();
    }

    const fn at(&self, place: Place) -> Uuid {
        match place {
            Place::City => self.city,
            Place::Grid => self.grid,
            Place::OtherGrid => self.other_grid,
        }
    }
}

const fn account_id(n: usize) -> Uuid {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0001_0000 + n as u128)
}

async fn run(db: &mut PgConnection, sql: &'static str, ids: &[Uuid]) {
    let mut query = sqlx::query(sql);
    for id in ids {
        query = query.bind(*id);
    }
    query.execute(db).await.unwrap();
}

/// Hashed once: it is meant to be slow.
async fn password_hash() -> &'static str {
    static HASH: OnceCell<String> = OnceCell::const_new();
    HASH.get_or_init(async || hash_password(Password::parse(PASSWORD.to_owned()).unwrap()).await.unwrap().0)
        .await
}
