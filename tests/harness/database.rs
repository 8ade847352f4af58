//! One migrated template per set of migrations; each test gets a copy.

use sha2::{Digest, Sha256};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::OnceCell;

const LOCK: i64 = 0x6669_6f77;

/// Where tests find a Postgres that they may fill: `scripts/pg-temp.sh run …` starts one.
fn server_url() -> String {
    std::env::var("XINDENG_TEST_PG").expect(
        "XINDENG_TEST_PG is not set; run `make test`, or `scripts/pg-temp.sh run cargo test -p flows`",
    )
}

fn url_of(database: &str) -> String {
    let url = server_url();
    let (head, tail) = url.split_once("/postgres?").expect("XINDENG_TEST_PG names the database postgres");
    format!("{head}/{database}?{tail}")
}

pub async fn connect(url: &str) -> PgConnection {
    url.parse::<PgConnectOptions>().unwrap().disable_statement_logging().connect().await.unwrap()
}

/// Copies take turns: a template being copied allows no other.
pub async fn fresh() -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let template = TEMPLATE.get_or_init(make_template).await;
    let name = format!("flow_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let mut server = connect(&server_url()).await;
    server
        .execute(AssertSqlSafe(format!("create database {name} template {template} strategy file_copy")))
        .await
        .unwrap();
    url_of(&name)
}

async fn make_template() -> String {
    let migrations = &server::platform::db::MIGRATIONS;
    let hash =
        migrations.iter().fold(Sha256::new(), |hash, migration| hash.chain_update(&*migration.checksum));
    let hash = server::platform::keys::to_hex(&hash.finalize()[..6]);
    let name = format!("template_{hash}");
    let mut server = connect(&server_url()).await;
    // several test processes may want it at once
    sqlx::query("select pg_advisory_lock($1)").bind(LOCK).execute(&mut server).await.unwrap();
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut server)
        .await
        .unwrap();
    if !exists {
        let making = format!("{name}_making");
        server.execute(AssertSqlSafe(format!("drop database if exists {making}"))).await.unwrap();
        server.execute(AssertSqlSafe(format!("create database {making}"))).await.unwrap();
        let mut connection = connect(&url_of(&making)).await;
        migrations.run(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        server.execute(AssertSqlSafe(format!("alter database {making} rename to {name}"))).await.unwrap();
    }
    sqlx::query("select pg_advisory_unlock($1)").bind(LOCK).execute(&mut server).await.unwrap();
    name
}
