//! Compares the journals of the clients with the database, and the database with itself.

use crate::killer::Kill;
use crate::people::{Entry, Journal, Sent};
use crate::watcher::Watched;
use load::server::Home;
use load::table::{Line, print, quantile, say};
use sqlx::{PgPool, Row};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<Line>,
}

impl Report {
    pub fn check(&mut self, what: &str, is_good: bool, seen: &str) {
        let verdict = if is_good { "ok" } else { "BROKEN" };
        self.lines.push(Line { what: what.to_owned(), value: seen.to_owned(), bar: String::new(), verdict });
    }

    /// What must not exist.
    fn none(&mut self, what: &str, count: i64) {
        self.check(what, count == 0, &count.to_string());
    }

    fn tell(&mut self, what: &str, value: String) {
        self.lines.push(Line::plain(what, value));
    }

    pub fn watched(&mut self, watched: &Watched) {
        self.tell("events on a screen that resumed after each kill", watched.events.to_string());
        self.tell(
            "times it was opened, snapshots it got",
            format!("{}, {}", watched.openings, watched.snapshots),
        );
        self.check(
            "gaps or repetitions on that screen",
            watched.complaints.is_empty(),
            &watched.complaints.len().to_string(),
        );
        for complaint in watched.complaints.iter().take(3) {
            say(&format!("  {complaint}"));
        }
    }

    pub fn is_good(&self) -> bool {
        self.lines.iter().all(|line| line.verdict != "BROKEN")
    }

    pub fn print(&self) {
        print(&self.lines);
    }
}

pub async fn compare(
    home: &Home,
    db: &PgPool,
    tenant: Uuid,
    journals: &[Journal],
    kills: &[Kill],
) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let entries: Vec<&Entry> = journals.iter().flatten().collect();
    promises(&mut report, &entries);
    screenings(&mut report, db, &entries).await?;
    alarms(&mut report, db, &entries).await?;
    itself(&mut report, db).await?;
    lateness(&mut report, db, kills).await?;
    let audit = home.command(&["audit", "verify"]).output()?;
    let said = String::from_utf8_lossy(if audit.status.success() { &audit.stdout } else { &audit.stderr });
    report.check(
        "xindeng audit verify",
        audit.status.success(),
        said.trim().lines().last().unwrap_or_default(),
    );
    let spooled = std::fs::read_to_string(home.data_dir.join("alarm-spool.jsonl")).unwrap_or_default();
    report.none("alarms left in the local journal", i64::try_from(spooled.lines().count())?);
    let unsealed = "select count(*) from audit_entry e where tenant_id = $1 and not exists
                        (select from audit_seal s where s.tenant_id = e.tenant_id and s.entry_id = e.id)";
    let unsealed: i64 = sqlx::query_scalar(unsealed).bind(tenant).fetch_one(db).await?;
    report.none("audit entries without a seal", unsealed);
    Ok(report)
}

fn promises(report: &mut Report, entries: &[&Entry]) {
    let of = |fits: fn(&Entry) -> bool| entries.iter().filter(|entry| fits(entry)).count();
    let screenings = of(|entry| entry.sent != Sent::Alarm);
    report.tell("screenings sent, alarms sent", format!("{screenings}, {}", entries.len() - screenings));
    report.tell("sent more than once", of(|entry| entry.tries > 1).to_string());
    report
        .tell("alarms taken into the local journal (202)", of(|entry| entry.status == Some(202)).to_string());
    let without = of(|entry| entry.status.is_none());
    report.check("sent and never acknowledged", without == 0, &without.to_string());
    for entry in entries.iter().filter(|entry| entry.complaint.is_some()).take(3) {
        say(&format!("  {}: {}", entry.id, entry.complaint.as_deref().unwrap_or_default()));
    }
}

async fn screenings(report: &mut Report, db: &PgPool, entries: &[&Entry]) -> anyhow::Result<()> {
    let rows = sqlx::query(
        "select s.id, s.receipt, s.visit_id,
                (select count(*) from suggestion g where g.tenant_id = s.tenant_id and g.screening_id = s.id),
                (select count(*) from consent c where c.tenant_id = s.tenant_id and c.id = s.consent_id),
                (select count(*) from audit_entry a where a.tenant_id = s.tenant_id and a.subject_id = s.id
                                                      and a.action = 'screening.submit'),
                (select count(*) from event e where e.tenant_id = s.tenant_id
                                                and (e.subject_id = s.id or e.body ->> 'screening_id' = s.id::text)
                                                and e.type in ('queue.suggested', 'screening.received'))
           from screening s",
    )
    .fetch_all(db)
    .await?;
    let mut kept: HashMap<Uuid, (String, Uuid)> = HashMap::new();
    let mut parts_wrong = 0;
    for row in rows {
        let parts: [i64; 4] = [row.get(3), row.get(4), row.get(5), row.get(6)];
        parts_wrong += i64::from(parts != [1; 4]);
        kept.insert(row.get(0), (row.get(1), row.get(2)));
    }
    let promised: Vec<&&Entry> =
        entries.iter().filter(|entry| entry.sent != Sent::Alarm && entry.status.is_some()).collect();
    let lost = promised.iter().filter(|entry| !kept.contains_key(&entry.id)).count();
    report.check(
        "acknowledged screenings that are lost",
        lost == 0,
        &format!("{lost} of {}", promised.len()),
    );
    let differ = promised.iter().filter(|entry| {
        kept.get(&entry.id).is_some_and(|(receipt, _)| Some(receipt) != entry.receipt.as_ref())
    });
    report.none("receipts that differ from what is kept", i64::try_from(differ.count())?);
    let sent: HashSet<Uuid> = entries.iter().map(|entry| entry.id).collect();
    report
        .none("screenings nobody sent", i64::try_from(kept.keys().filter(|id| !sent.contains(id)).count())?);
    report.none("screenings without exactly one suggestion, consent, audit entry, event", parts_wrong);
    Ok(())
}

async fn alarms(report: &mut Report, db: &PgPool, entries: &[&Entry]) -> anyhow::Result<()> {
    let signals: HashSet<Uuid> =
        sqlx::query_scalar("select id from alarm_signal").fetch_all(db).await?.into_iter().collect();
    let promised: Vec<&&Entry> =
        entries.iter().filter(|entry| entry.sent == Sent::Alarm && entry.status.is_some()).collect();
    let lost = promised.iter().filter(|entry| !signals.contains(&entry.id)).count();
    report.check("acknowledged alarms that are lost", lost == 0, &format!("{lost} of {}", promised.len()));

    // one visit, one alarm: the visit's queue item names it
    let of_visits: HashMap<Uuid, Option<Uuid>> = sqlx::query_as("select visit_id, alarm_id from queue_item")
        .fetch_all(db)
        .await?
        .into_iter()
        .collect();
    let mut expected = 0_usize;
    let mut missing = 0_usize;
    for entry in entries.iter().filter(|entry| entry.status.is_some()) {
        let Sent::Screening { visit, expects_alarm: true } = entry.sent else { continue };
        expected += 1;
        let alarm = of_visits.get(&visit).copied().flatten();
        missing += usize::from(!alarm.is_some_and(|id| signals.contains(&id)));
    }
    report.check("answers of tier 4 without their alarm", missing == 0, &format!("{missing} of {expected}"));
    let tier_4 = "select count(*) from suggestion g
                    join queue_item q on q.tenant_id = g.tenant_id and q.visit_id = g.visit_id
                   where g.tier = 4 and not exists
                         (select from alarm_signal s where s.tenant_id = q.tenant_id and s.id = q.alarm_id)";
    report.none("suggestions of tier 4 without their alarm", count(db, tier_4).await?);

    let sent: HashSet<Uuid> = entries.iter().map(|entry| entry.id).collect();
    let strangers: Vec<Uuid> =
        sqlx::query_scalar("select id from alarm_signal where kind in ('button', 'word', 'api')")
            .fetch_all(db)
            .await?;
    let strangers = strangers.iter().filter(|id| !sent.contains(id)).count();
    report.none("presses and words nobody sent", i64::try_from(strangers)?);
    let miscounted = "select count(*) from alarm a
                       where a.count <> (select count(*) from alarm_signal s
                                          where s.tenant_id = a.tenant_id and s.alarm_id = a.id)";
    report.none("alarms whose count is not the number of their signals", count(db, miscounted).await?);
    let raised = "select count(*) from alarm a
                   where 1 <> (select count(*) from event e where e.tenant_id = a.tenant_id
                                  and e.subject_id = a.id and e.type = 'alarm.raised')";
    report.none("alarms without exactly one event of being raised", count(db, raised).await?);
    let total: i64 = count(db, "select count(*) from alarm").await?;
    report.tell("alarms in the end, from so many signals", format!("{total}, {}", signals.len()));
    let silent = "select count(*) from alarm a
                   where a.state <> 'closed' and a.priority <= 3 and not exists
                         (select from timer t where t.tenant_id = a.tenant_id and t.subject_id = a.id and t.done_at is null)";
    report.none("open alarms P1 to P3 without an open timer", count(db, silent).await?);
    Ok(())
}

async fn itself(report: &mut Report, db: &PgPool) -> anyhow::Result<()> {
    let gaps = "select count(*) from (
                    select 1 from event group by tenant_id, stream, epoch having count(*) <> max(seq) or min(seq) <> 1
                ) as broken";
    report.none("streams with a gap", count(db, gaps).await?);
    let heads = "select count(*) from stream_head h
                  where h.seq <> (select max(e.seq) from event e
                                   where e.tenant_id = h.tenant_id and e.stream = h.stream and e.epoch = h.epoch)";
    report.none("streams whose head is not their last event", count(db, heads).await?);
    let overdue = "select count(*) from timer where done_at is null and due_at < clock_timestamp() - interval '2 seconds'";
    report.none("timers that are due and did not fire", count(db, overdue).await?);
    let unowned = "select count(*) from queue_item
                    where tier >= 2 and state <> 'closed' and (owner_post is null or due_at is null)";
    report.none("queue items from tier 2 without owner or deadline", count(db, unowned).await?);
    Ok(())
}

/// How late the steps of the plan came: all of them, and those whose time fell into a server's absence, counted from
/// the moment it was back.
async fn lateness(report: &mut Report, db: &PgPool, kills: &[Kill]) -> anyhow::Result<()> {
    let fired: Vec<(chrono::DateTime<chrono::Utc>, f64)> = sqlx::query_as(
        "select due_at, extract(epoch from done_at - due_at)::float8
           from timer where kind = 'dispatch.escalate' and done_at >= due_at",
    )
    .fetch_all(db)
    .await?;
    let mut after_restart = Vec::new();
    let mut others = Vec::new();
    for (due_at, late) in fired {
        match kills.iter().find(|kill| (kill.at..=kill.ready_at).contains(&due_at)) {
            Some(kill) => after_restart.push((late - (kill.ready_at - due_at).as_seconds_f64()).max(0.0)),
            None => others.push(late),
        }
    }
    let mut ready: Vec<f64> = kills.iter().map(|kill| kill.ready_after.as_secs_f64()).collect();
    report.tell("ready after a kill, median and slowest", pair(&mut ready, 0.5));
    report.tell("steps due while the server was away", after_restart.len().to_string());
    let worst = after_restart.iter().copied().fold(0.0, f64::max);
    report.tell("  late after it was ready, p99 and worst (bar 2 s)", pair(&mut after_restart, 0.99));
    report.tell("steps due while it ran, late, p99 and worst", pair(&mut others, 0.99));
    if worst > 2.0 {
        say(&format!("  the bar of 2 s was missed: {worst:.2} s"));
    }
    Ok(())
}

fn pair(values: &mut [f64], share: f64) -> String {
    format!("{:.2} s, {:.2} s", quantile(values, share), quantile(values, 1.0))
}

async fn count(db: &PgPool, sql: &'static str) -> sqlx::Result<i64> {
    sqlx::query_scalar(sql).fetch_one(db).await
}
