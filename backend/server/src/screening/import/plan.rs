//! A table turned into what would be submitted: before anything is written, every row is read, scored and judged.

use super::columns::Columns;
use super::report::Report;
use super::rows::{self, Frame, Refusal};
use super::run::{Ask, Timing};
use super::store;
use super::table::{Line, Table};
use crate::people::{self, File};
use crate::platform::keys::Column;
use crate::platform::{Ctx, Problem, ScopedTx};
use crate::screening::campaigns::{self, NewCampaign, target_id};
use crate::screening::worklist::ScaleRef;
use crate::screening::{Mode, Seen, Submission};
use chrono::{DateTime, Utc};
use rules::ids::{CampaignId, OrgId, PersonId, ScreeningId, TenantId, VisitId};
use rules::people::IdNumber;
use rules::scale::{Respondent, Scale, Status};
use rules::triage::{Case, CaseResult, Policy, SecondLook, suggest};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

const IMPORT_KEY: Column = Column("screening.import_key");
const BODY: Column = Column("screening.body");
/// Nobody says in which wording an imported form was read.
const UNKNOWN_LOCALE: &str = "und";

/// Everything that an import will write.
pub struct Plan {
    pub campaign: NewCampaign,
    pub rows: Vec<Row>,
    /// Counts what will not be written; the rest is counted as it happens.
    pub report: Report,
}

/// One row to submit.
pub struct Row {
    pub number: usize,
    pub org: OrgId,
    /// A file to open first, if the person has none.
    pub new_file: Option<File>,
    pub submission: Submission,
    pub forecast: Forecast,
}

/// What the policy says of the row alone, without the person's history.
#[derive(Debug, Clone, Copy)]
pub struct Forecast {
    pub tier: u8,
    pub to_review: bool,
    pub rings: bool,
}

/// Somebody who has a file already.
#[derive(Debug, Clone, Copy)]
struct Known {
    id: PersonId,
    org: OrgId,
    who: Respondent,
}

struct Maker<'a> {
    ctx: &'a Ctx,
    tenant: TenantId,
    frame: Frame<'a>,
    policy: &'a Policy,
    campaign: CampaignId,
    timing: Timing,
    file_hash: String,
    known: HashMap<IdNumber, Known>,
    /// Rows that were brought in before: key → hash of the answers.
    before: HashMap<Vec<u8>, Vec<u8>>,
    taken: HashSet<Vec<u8>>,
}

enum Outcome {
    Planned(Box<Row>),
    Duplicate,
}

pub async fn make(ctx: &Ctx, tx: &mut ScopedTx, ask: &Ask) -> Result<Plan, Problem> {
    let (scale, campaign, is_new_campaign) = find_campaign(ctx, tx, ask).await?;
    let policy = crate::triage::active_policy(ctx, tx).await?;
    let table = Table::read(&ask.bytes).map_err(|bad| Problem::invalid("file", bad.to_string()))?;
    if table.lines.len() > ask.max_rows {
        let reason = format!("more than {} rows at once; use the command `xindeng import`", ask.max_rows);
        return Err(Problem::invalid("file", reason));
    }
    let columns = Columns::find(scale, &table.header, &ask.map, ask.id_column.as_deref())
        .map_err(|bad| Problem::invalid("columns", bad.to_string()))?;
    let tenant = tx.tenant();
    let zone = ctx.tenant(tenant).map_or(chrono_tz::Asia::Shanghai, |tenant| tenant.zone);
    let today = ctx.local_date(tenant);
    let org = find_org(ctx, tx, ask).await?;
    if !crate::identity::list_chain(tx, org).await?.contains(&campaign.org) {
        return Err(Problem::invalid("org", "lies outside the campaign"));
    }
    let mut maker = Maker {
        ctx,
        tenant,
        frame: Frame { scale, columns: &columns, org, zone, today, now: ctx.now() },
        policy: &policy,
        campaign: campaign.id,
        timing: ask.timing,
        file_hash: crate::platform::keys::to_hex(&Sha256::digest(&ask.bytes)),
        known: known_people(ctx, tx, &columns, &table).await?,
        before: HashMap::new(),
        taken: HashSet::new(),
    };
    let keys: Vec<Vec<u8>> = table.lines.iter().map(|line| maker.key(line)).collect();
    maker.before = store::list_imported(tx, &keys).await?;
    let mut report = Report::begin(&campaign, is_new_campaign, scale, &columns, &table);
    let mut rows = Vec::with_capacity(table.lines.len());
    for (line, key) in table.lines.iter().zip(keys) {
        match maker.line(line, key, &mut report) {
            Ok(Outcome::Planned(row)) => rows.push(*row),
            Ok(Outcome::Duplicate) => report.duplicate += 1,
            Err(refusal) => report.reject(line.row, refusal),
        }
    }
    Ok(Plan { campaign, rows, report })
}

/// The org unit that new people belong to.
async fn find_org(ctx: &Ctx, tx: &mut ScopedTx, ask: &Ask) -> Result<OrgId, Problem> {
    let root = ctx.tenant(tx.tenant()).ok_or_else(|| Problem::not_found("tenant"))?.root;
    let org = match &ask.org {
        Some(path) => crate::identity::resolve_org_path(tx, root, path).await?,
        None => tx.scope().scopes.first().copied().unwrap_or(root),
    };
    let is_visible = crate::identity::load_org_unit(tx, org).await?.is_some();
    if is_visible { Ok(org) } else { Err(Problem::invalid("org", "lies outside your part of the tree")) }
}

/// The campaign of this name, or a new one that asks this scale today.
async fn find_campaign<'c>(
    ctx: &'c Ctx,
    tx: &mut ScopedTx,
    ask: &Ask,
) -> Result<(&'c Scale, NewCampaign, bool), Problem> {
    let unknown = || Problem::invalid("scale", "there is no such scale");
    let library = ctx.library.scales();
    let code = ask.scale.split('@').next().unwrap_or_default();
    let Some(row) = campaigns::find_by_title(tx, ask.campaign.trim()).await? else {
        let scale = library.find(&ask.scale).ok_or_else(unknown)?;
        let today = ctx.local_date(tx.tenant());
        let new = NewCampaign {
            id: CampaignId(rows::derived_id(tx.tenant().0, "campaign", ask.campaign.trim().as_bytes())),
            title: ask.campaign.trim().to_owned(),
            scales: vec![ScaleRef { code: scale.code().to_owned(), version: scale.version().to_owned() }],
            org: find_org(ctx, tx, ask).await?,
            starts_on: today,
            ends_on: today,
        };
        campaigns::check(ctx, tx, &new).await?;
        return Ok((scale, new, true));
    };
    let campaign = row.opened()?;
    let asked = campaign.scales.iter().find(|scale| scale.code == code);
    let asked =
        asked.ok_or_else(|| Problem::invalid("campaign", "a campaign of this name asks other scales"))?;
    let scale = library.version(code, &asked.version).ok_or_else(unknown)?;
    if ask.scale.split_once('@').is_some_and(|(_, version)| version != scale.version()) {
        return Err(Problem::invalid("scale", "the campaign asks another version of this scale"));
    }
    Ok((scale, campaign, false))
}

async fn known_people(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    columns: &Columns,
    table: &Table,
) -> Result<HashMap<IdNumber, Known>, Problem> {
    let lines = table.lines.iter().filter_map(|line| line.cells.as_ref().ok());
    let numbers: Vec<IdNumber> = lines.filter_map(|cells| rows::id_number(columns, cells)).collect();
    let found = people::find_by_id_numbers(ctx, tx, &numbers).await?;
    let ids: Vec<PersonId> = found.values().copied().collect();
    let briefs = people::load_briefs(ctx, tx, &ids).await?;
    Ok(found
        .into_iter()
        .filter_map(|(number, id)| {
            let brief = briefs.get(&id)?;
            let who = Respondent { sex: Some(brief.sex), age: brief.age, education_years: None };
            Some((number, Known { id, org: brief.org, who }))
        })
        .collect())
}

impl Maker<'_> {
    /// Tells a row from every other: by its id if the file has one, else by its place in this very file. Keyed,
    /// because an id may be a number that somebody could guess.
    fn key(&self, line: &Line) -> Vec<u8> {
        let id = line
            .cells
            .as_ref()
            .ok()
            .and_then(|cells| self.frame.columns.fact(cells, super::columns::Fact::Id));
        let scale = self.frame.scale.code();
        let text = match id {
            Some(id) => json!(["id", self.campaign, scale, id]),
            None => json!(["row", self.campaign, scale, self.file_hash, line.row]),
        };
        self.ctx.keys.lookup(self.tenant, IMPORT_KEY, &text.to_string())
    }

    fn line(&mut self, line: &Line, key: Vec<u8>, report: &mut Report) -> Result<Outcome, Refusal> {
        let cells = line.cells.as_ref().map_err(|bad| Refusal::new("row", bad))?;
        if self.taken.contains(&key) {
            return Ok(Outcome::Duplicate);
        }
        let row = self.row(line.row, cells, &key, report)?;
        match self.before.get(&key) {
            Some(body) if *body == row.submission.body_hash => return Ok(Outcome::Duplicate),
            Some(_) => return Err(Refusal::new("row", "was brought in before with other answers")),
            None => {}
        }
        self.taken.insert(key);
        Ok(Outcome::Planned(Box::new(row)))
    }

    fn row(
        &mut self,
        number: usize,
        cells: &[String],
        key: &[u8],
        report: &mut Report,
    ) -> Result<Row, Refusal> {
        let id_number = rows::id_number(self.frame.columns, cells);
        let known = id_number.as_ref().and_then(|number| self.known.get(number)).copied();
        let (person, new_file) = if let Some(known) = known {
            (known, None)
        } else {
            let id = PersonId(rows::derived_id(self.campaign.0, "person", key));
            let file = rows::read_person(&self.frame, cells, id)?;
            let age = file.birth_date.map(|date| rules::people::age_on(date, self.frame.today));
            let who = Respondent { sex: Some(file.sex), age, education_years: None };
            (Known { id, org: file.org, who }, Some(file))
        };
        let read = rows::read_answers(&self.frame, cells, &person.who)?;
        let finished_at = read.finished_at.unwrap_or(self.frame.now);
        let forecast = self.forecast(&read, person.who.age, finished_at);
        if let (Some(number), Some(_)) = (id_number, &new_file) {
            self.known.insert(number, person);
        }
        report.blanked += read.blanked;
        let is_incomplete = read.scored.scores().any(|score| score.status == Status::Incomplete);
        report.incomplete += usize::from(is_incomplete);
        let submission = self.submission(person.id, read, finished_at, key);
        Ok(Row { number, org: person.org, new_file, submission, forecast })
    }

    fn submission(&self, person: PersonId, read: rows::Read, at: DateTime<Utc>, key: &[u8]) -> Submission {
        let (scale, version) = (self.frame.scale.code(), self.frame.scale.version());
        let id = ScreeningId(rows::derived_id(self.campaign.0, "screening", key));
        let body = json!([scale, version, read.answers, read.finished_at]);
        Submission {
            id,
            person,
            campaign: Some(self.campaign),
            target: Some(target_id(self.campaign, person)),
            visit: VisitId(rows::derived_id(id.0, "visit", &[])),
            look_of: None,
            scale: scale.to_owned(),
            version: version.to_owned(),
            answers: read.answers,
            item_ms: std::collections::BTreeMap::new(),
            mode: Mode::Import,
            locale: UNKNOWN_LOCALE.to_owned(),
            started_at: at,
            finished_at: at,
            clock: None,
            seen: Seen::Remote,
            is_broken_off: false,
            look_refused: false,
            consent: None,
            declared_age: None,
            danger_to_life: None,
            device: None,
            is_historical: self.timing == Timing::Historical,
            import_key: Some(key.to_vec()),
            body_hash: self.ctx.keys.lookup(self.tenant, BODY, &body.to_string()),
        }
    }

    fn forecast(&self, read: &rows::Read, age: Option<u16>, finished_at: DateTime<Utc>) -> Forecast {
        let is_historical = self.timing != Timing::Live;
        let case = Case {
            results: vec![CaseResult::from(read.scored.clone())],
            age,
            second_look: SecondLook::Pending,
            live: self.policy.rings(is_historical, finished_at, self.frame.now),
            ..Case::default()
        };
        let suggestion = suggest(self.policy, &case);
        Forecast {
            tier: suggestion.tier,
            to_review: suggestion.review.is_some(),
            rings: suggestion.alarm.is_some_and(|alarm| alarm.after_secs == 0),
        }
    }
}
