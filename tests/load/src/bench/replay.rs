//! Writes pgbench scripts from the statements that the server really sends: Postgres logs a few submissions, and what
//! it logged is sent again, with ids of its own in every transaction.

use crate::submit::{OVER_HTTP, PEOPLE_PER_DISTRICT, submit};
use anyhow::{Context, bail};
use load::chance::Chance;
use load::server::Home;
use load::town::{District, Town};
use sqlx::PgPool;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use uuid::Uuid;

/// Begins every line of the log while we listen.
const MARK: &str = "@@xd ";

#[derive(Debug)]
pub struct Scripts {
    files: Vec<PathBuf>,
    /// values that stay the same, by the name under which the scripts use them
    constants: BTreeMap<String, String>,
    pub statements: usize,
}

/// A statement as logged, with its parameters; `None` is null.
#[derive(Debug, Clone)]
struct Logged {
    sql: String,
    parameters: Vec<Option<String>>,
}

pub async fn capture(home: &Home, db: &PgPool, town: &Town) -> anyhow::Result<Scripts> {
    let log = home.data_dir.join("postgres.log");
    sqlx::query("alter system set log_statement = 'all'").execute(db).await?;
    sqlx::query("alter system set log_line_prefix = '@@xd %p '").execute(db).await?;
    sqlx::query("select pg_reload_conf()").execute(db).await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut scripts = Scripts { files: Vec::new(), constants: BTreeMap::new(), statements: 0 };
    let mut names = HashMap::new();
    let mut chance = Chance::new(4);
    for district in &town.districts {
        let before = std::fs::metadata(&log)?.len();
        submit(district, &mut chance).await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let text = std::fs::read(&log)?;
        let text = String::from_utf8_lossy(&text[usize::try_from(before)?..]).into_owned();
        let transaction = transaction_of(&text).context("no submission in Postgres' log")?;
        let known = known_ids(db, town).await?;
        let script = Script { district, known: &known }.write(&transaction, &mut names);
        scripts.statements = transaction.len();
        let file = home.data_dir.join(format!("submission-{}.sql", district.number));
        std::fs::write(&file, script)?;
        scripts.files.push(file);
    }
    sqlx::query("alter system reset all").execute(db).await?;
    sqlx::query("select pg_reload_conf()").execute(db).await?;
    scripts.constants = names.into_iter().map(|(value, name)| (name, value)).collect();
    Ok(scripts)
}

/// Ids that are there already; any other id in a transaction was made for it.
async fn known_ids(db: &PgPool, town: &Town) -> anyhow::Result<Vec<Uuid>> {
    let mut known: Vec<Uuid> =
        sqlx::query_scalar("select id from org_unit union select id from account").fetch_all(db).await?;
    known.extend([town.tenant, Uuid::nil()]);
    Ok(known)
}

/// The transaction in which the screening was written.
fn transaction_of(log: &str) -> Option<Vec<Logged>> {
    let mut open: HashMap<&str, Vec<Logged>> = HashMap::new();
    for entry in log.split(MARK).skip(1) {
        let (pid, rest) = entry.split_once(' ')?;
        let rest = rest.trim_end();
        let connection = open.entry(pid).or_default();
        if let Some(sql) = rest.strip_prefix("LOG:  statement: ") {
            if sql.eq_ignore_ascii_case("begin") {
                connection.clear();
            }
            connection.push(Logged { sql: sql.to_owned(), parameters: Vec::new() });
            if sql.eq_ignore_ascii_case("commit")
                && connection.iter().any(|one| one.sql.contains("into screening ("))
            {
                return open.remove(pid);
            }
        } else if let Some(named) = rest.strip_prefix("LOG:  execute ") {
            let (_, sql) = named.split_once(": ")?;
            connection.push(Logged { sql: sql.to_owned(), parameters: Vec::new() });
        } else if let Some(list) =
            rest.strip_prefix("DETAIL:  parameters: ").or_else(|| rest.strip_prefix("DETAIL:  Parameters: "))
            && let Some(last) = connection.last_mut()
        {
            last.parameters = parameters(list);
        }
    }
    None
}

/// `$1 = 'it''s', $2 = NULL`
fn parameters(list: &str) -> Vec<Option<String>> {
    let mut found = Vec::new();
    let mut rest = list;
    while let Some((_, after)) = rest.split_once(" = ") {
        if let Some(quoted) = after.strip_prefix('\'') {
            let mut value = String::new();
            let mut letters = quoted.char_indices().peekable();
            let mut end = quoted.len();
            while let Some((at, letter)) = letters.next() {
                if letter != '\'' {
                    value.push(letter);
                } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
                    value.push('\'');
                } else {
                    end = at + 1;
                    break;
                }
            }
            found.push(Some(value));
            rest = &quoted[end..];
        } else {
            found.push(None);
            rest = after;
        }
    }
    found
}

struct Script<'a> {
    district: &'a District,
    known: &'a [Uuid],
}

impl Script<'_> {
    /// Each id that was made for the transaction becomes one that sorts by time, as the server's do.
    fn write(&self, transaction: &[Logged], names: &mut HashMap<String, String>) -> String {
        let mut made: Vec<Uuid> = Vec::new();
        let mut body = String::new();
        for logged in transaction {
            let values: Vec<String> = logged
                .parameters
                .iter()
                .map(|value| self.expression(value.as_deref(), &mut made, names))
                .collect();
            body.push_str(&filled(&logged.sql, &values));
            body.push_str(";\n");
        }
        let mut script = String::new();
        for n in 0..made.len() {
            let _ = writeln!(script, "\\set id{n} random(1, 9223372036854775807)");
        }
        let number = |n: u32| self.district.person(n).as_u128() & 0xffff_ffff_ffff;
        let (first, last) = (number(OVER_HTTP), number(PEOPLE_PER_DISTRICT - 1));
        let _ = writeln!(script, "\\set person random({first}, {last})");
        script + &body
    }

    fn expression(
        &self,
        value: Option<&str>,
        made: &mut Vec<Uuid>,
        names: &mut HashMap<String, String>,
    ) -> String {
        let Some(value) = value else { return "null".to_owned() };
        if let Ok(id) = value.parse::<Uuid>()
            && value.len() == 36
            && !self.known.contains(&id)
        {
            return self.id(id, made);
        }
        if let Some(id) =
            value.strip_prefix('{').and_then(|list| list.strip_suffix('}')?.parse::<Uuid>().ok())
            && !self.known.contains(&id)
        {
            return format!("array[{}]", self.id(id, made));
        }
        let next = names.len();
        format!(":{}", names.entry(value.to_owned()).or_insert_with(|| format!("v{next}")))
    }

    fn id(&self, id: Uuid, made: &mut Vec<Uuid>) -> String {
        let person = (0..PEOPLE_PER_DISTRICT).any(|n| self.district.person(n) == id);
        if person {
            return "('01930000-0000-7000-8000-' || lpad(to_hex(:person::bigint), 12, '0'))::uuid".to_owned();
        }
        let n = made.iter().position(|known| *known == id).unwrap_or_else(|| {
            made.push(id);
            made.len() - 1
        });
        format!(
            "(lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') || '7' || \
             lpad(to_hex(:id{n}::bigint), 19, '0'))::uuid"
        )
    }
}

/// Puts the values where `$1` … stand.
fn filled(sql: &str, values: &[String]) -> String {
    let mut text = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        let digits = after.chars().take_while(char::is_ascii_digit).count();
        let value = after[..digits].parse::<usize>().ok().and_then(|n| values.get(n.checked_sub(1)?));
        if let Some(value) = value {
            text.push_str(value);
        } else {
            text.push('$');
            text.push_str(&after[..digits]);
        }
        rest = &after[digits..];
    }
    text.push_str(rest);
    text
}

impl Scripts {
    /// Transactions a second, a script per district in turn by chance.
    pub async fn run(&self, home: &Home, connections: u32, lasting: Duration) -> anyhow::Result<f64> {
        let mut command = Command::new("pgbench");
        command
            .env("PGOPTIONS", "-c role=xindeng_app")
            .args(["-n", "-M", "prepared", "-p", "5432", "-U", "xindeng_owner", "-h"])
            .arg(home.socket_dir())
            .args(["-c", &connections.to_string(), "-j", "2", "-T", &lasting.as_secs().to_string()]);
        for file in &self.files {
            command.arg("-f").arg(file);
        }
        for (name, value) in &self.constants {
            command.arg("-D").arg(format!("{name}={value}"));
        }
        command.arg("xindeng");
        let output = tokio::task::spawn_blocking(move || command.output())
            .await?
            .context("pgbench (postgresql-contrib)")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || complaints.contains("aborted") {
            bail!("pgbench: {complaints}");
        }
        let tps =
            said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()).context("no tps")?;
        Ok(tps.parse()?)
    }
}
