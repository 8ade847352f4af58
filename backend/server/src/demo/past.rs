//! The last days of the demo city, lived through in order with a clock moved by hand: visits, then what staff did
//! about them, through the same ops as the pages use.

use super::chance::Chance;
use super::city::City;
use super::residents::Resident;
use super::visits::{self, Look, Visit};
use super::{CAMPAIGN, id, staff};
use crate::platform::clock::Clock;
use crate::platform::keys::Column;
use crate::platform::text::Line;
use crate::platform::{Ctx, Problem, Purpose, Scope};
use crate::screening::{Consent, GivenBy, Mode, Notice, Receipt, Seen, Submission, campaign_target, submit};
use crate::triage::{self, Command};
use chrono::TimeDelta;
use rules::identity::Action;
use rules::ids::{CampaignId, PersonId, QueueItemId, ScreeningId, TenantId, VisitId};
use rules::scale::Answers;
use rules::triage::{Outcome, Stage};
use rules::{Private, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

const RESULTS: usize = 600;
const DAYS: i64 = 5;
/// The day's work at the doors, in minutes after midnight of the tenant's zone.
const DOORS_OPEN: i64 = 8 * 60 + 30;
const DOORS_CLOSE: i64 = 20 * 60;
const BODY: Column = Column("screening.body");
const PHQ9: &str = "phq9";
const C_SSRS: &str = "c_ssrs_screener";

/// Something that happened at a moment.
enum Happening<'a> {
    Visit { number: usize, resident: &'a Resident, visit: Visit, by: By },
    Contact(Work),
    Close(Work),
}

/// What staff do about an item, from its first contact on.
#[derive(Debug, Clone, Copy)]
struct Work {
    number: usize,
    item: QueueItemId,
    tier: i16,
    version: i64,
    /// closed soon after the first contact
    is_short: bool,
}

#[derive(Debug, Clone, Copy)]
enum By {
    Field,
    Worker,
}

/// One lane of time: some of the districts, nobody else's.
pub struct Lane<'a> {
    pub ctx: Ctx,
    pub city: &'a City,
    pub tenant: TenantId,
    pub now: Timestamp,
    agenda: BTreeMap<(Timestamp, u64), Happening<'a>>,
    entries: u64,
}

/// Who was visited so far, chosen evenly over the city.
pub fn visited(residents: &[Resident]) -> Vec<(usize, &Resident)> {
    let adults =
        residents.iter().enumerate().filter(|(_, resident)| is_target(resident) && resident.listed.is_none());
    let mut drawn: Vec<_> = adults
        .map(|(number, resident)| (Chance::of("drawn", number).between(0, i64::MAX), number, resident))
        .collect();
    drawn.sort_by_key(|(lot, number, _)| (*lot, *number));
    drawn.into_iter().take(RESULTS).map(|(_, number, resident)| (number, resident)).collect()
}

pub fn is_target(resident: &Resident) -> bool {
    resident.age >= 18
}

/// The first on the tablet's list is late, the last but one may wait until tomorrow.
pub fn due_in_days(resident: &Resident) -> i64 {
    match resident.listed {
        Some(0) => -2,
        Some(8) => 1,
        _ => 0,
    }
}

/// The last place on the tablet's list is done already.
pub fn is_done_today(resident: &Resident) -> bool {
    resident.listed == Some(9)
}

impl<'a> Lane<'a> {
    pub fn new(ctx: Ctx, city: &'a City, tenant: TenantId, now: Timestamp) -> Self {
        Self { ctx, city, tenant, now, agenda: BTreeMap::new(), entries: 0 }
    }

    fn note(&mut self, at: Timestamp, happening: Happening<'a>) {
        if at <= self.now {
            self.entries += 1;
            self.agenda.insert((at, self.entries), happening);
        }
    }

    pub fn expect_visit(&mut self, number: usize, resident: &'a Resident) {
        let mut chance = Chance::of("when", number);
        let (days_ago, minutes) = (chance.between(0, DAYS + 1), chance.between(DOORS_OPEN, DOORS_CLOSE));
        // an hour of today that has not come yet was on the first of the days
        let at =
            self.moment(days_ago, minutes).filter(|at| *at < self.now).or_else(|| self.moment(DAYS, minutes));
        let visit = visits::invented(number);
        self.note(at.unwrap_or(self.now), Happening::Visit { number, resident, visit, by: By::Field });
    }

    /// By the clocks of the tenant.
    fn moment(&self, days_ago: i64, minutes_after_midnight: i64) -> Option<Timestamp> {
        let zone = self.ctx.tenant(self.tenant).map_or(chrono_tz::Asia::Shanghai, |tenant| tenant.zone);
        let day = self.now.with_timezone(&zone).date_naive() - TimeDelta::days(days_ago);
        let local = day.and_time(chrono::NaiveTime::MIN) + TimeDelta::minutes(minutes_after_midnight);
        Some(local.and_local_timezone(zone).earliest()?.to_utc())
    }

    pub fn expect_calm_visit(&mut self, number: usize, resident: &'a Resident) {
        let visit = visits::calm(number);
        let at = self.now - TimeDelta::minutes(35);
        self.note(at, Happening::Visit { number, resident, visit, by: By::Worker });
    }

    pub fn expect_red_visit(&mut self, number: usize, resident: &'a Resident, look: Look, minutes_ago: i64) {
        let visit = visits::red(number, look);
        let at = self.now - TimeDelta::minutes(minutes_ago);
        self.note(at, Happening::Visit { number, resident, visit, by: By::Field });
    }

    /// Everything in order, until now.
    pub async fn live(mut self) -> Result<(), Problem> {
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            self.advance_to(at);
            match happening {
                Happening::Visit { number, resident, visit, by } => {
                    self.visit(number, resident, visit, by).await?;
                }
                Happening::Contact(work) => self.contact(work).await?,
                Happening::Close(work) => self.close(work).await?,
            }
        }
        Ok(())
    }

    fn advance_to(&self, at: Timestamp) {
        let by = at - self.ctx.now();
        if by > TimeDelta::zero() {
            self.ctx.clock.advance(by);
        }
    }

    async fn visit(
        &mut self,
        number: usize,
        resident: &'a Resident,
        visit: Visit,
        by: By,
    ) -> Result<(), Problem> {
        let scope = self.scope(resident, by)?;
        let screening = ScreeningId(id("screening", &number.to_string()));
        let first = self.submission(screening, None, resident, PHQ9, visit.phq9)?;
        let mut receipt = submit(&self.ctx, &scope, first).await?;
        let mut takes = i64::from(receipt.queue_item.is_some());
        if let Some(answers) = visit.look {
            self.advance_to(self.ctx.now() + TimeDelta::minutes(2));
            let id = ScreeningId(id("look", &number.to_string()));
            let look = self.submission(id, Some(screening), resident, C_SSRS, answers)?;
            receipt = submit(&self.ctx, &scope, look).await?;
            takes += i64::from(receipt.queue_item.is_some());
        }
        self.expect_work(number, &receipt, takes);
        Ok(())
    }

    fn scope(&self, resident: &Resident, by: By) -> Result<Scope, Problem> {
        let actor = match by {
            By::Worker => staff::actor(self.city, self.tenant, "worker", self.now),
            By::Field => staff::field_worker(self.city, self.tenant, resident.district, self.now),
        };
        let actor = actor.ok_or_else(Problem::forbidden)?;
        Ok(actor.scope_for(Action::ScreeningSubmit, Purpose::Care))
    }

    fn submission(
        &self,
        id: ScreeningId,
        look_of: Option<ScreeningId>,
        resident: &Resident,
        scale: &str,
        answers: Answers,
    ) -> Result<Submission, Problem> {
        let known = self.ctx.library.scales().newest(scale).ok_or_else(|| Problem::not_found("scale"))?;
        let person: PersonId = resident.file.id;
        let at = self.ctx.now();
        let first = look_of.unwrap_or(id);
        let campaign = CampaignId(super::id("campaign", CAMPAIGN));
        let mut chance = Chance::of("pace", usize::from(resident.age));
        let item_ms = answers
            .0
            .keys()
            .map(|item| (item.clone(), u32::try_from(chance.between(2_500, 9_000)).unwrap_or(3_000)))
            .collect();
        let body = json!([id, scale, answers]);
        Ok(Submission {
            id,
            person,
            campaign: Some(campaign),
            target: Some(campaign_target(campaign, person)),
            visit: VisitId(super::id("visit", &first.to_string())),
            look_of,
            scale: scale.to_owned(),
            version: known.version().to_owned(),
            answers,
            item_ms,
            mode: Mode::Person,
            locale: "zh-CN".to_owned(),
            started_at: at - TimeDelta::minutes(3),
            finished_at: at - TimeDelta::seconds(4),
            clock: None,
            seen: Seen::InPerson,
            is_broken_off: false,
            look_refused: false,
            consent: Some(Consent {
                notice_version: Notice::shipped()
                    .and_then(|notice| Line::parse(notice.version.clone()).ok())
                    .unwrap_or_default(),
                given_at: at - TimeDelta::minutes(4),
                by: GivenBy::Person,
                guardian_relation: None,
                declared_age: None,
            }),
            declared_age: None,
            danger_to_life: None,
            device: None,
            is_historical: false,
            import_key: None,
            body_hash: self.ctx.keys.lookup(self.tenant, BODY, &body.to_string()),
        })
    }

    /// When staff will get to it: always before the deadline, so that nothing old is left lying.
    fn expect_work(&mut self, number: usize, receipt: &Receipt, version: i64) {
        let Some(item) = &receipt.queue_item else { return };
        let mut chance = Chance::of("work", number);
        let (now, tier) = (self.ctx.now(), item.tier);
        let is_short = chance.percent() < 65;
        let work = Work { number, item: QueueItemId(item.id), tier, version, is_short };
        match (tier, item.due_at) {
            (4, _) => {}
            (2..=3, Some(due_at)) => {
                let share = if tier == 3 { chance.between(20, 90) } else { chance.between(15, 85) };
                self.note(part_of(now, due_at, share), Happening::Contact(work));
            }
            _ if chance.percent() < 85 => {
                let at = now + TimeDelta::minutes(chance.between(60, 30 * 60));
                self.note(at, Happening::Close(work));
            }
            _ => {}
        }
    }

    /// And what is done next: again before the deadline that this contact sets.
    async fn contact(&mut self, work: Work) -> Result<(), Problem> {
        let actor = self.actor(if work.tier == 3 { "counsellor" } else { "caseworker" })?;
        let note = Private::new("已电话联系本人，情况稳定，约好下次联系时间。".to_owned());
        let command = Command { id: work.item, expected_version: work.version };
        let progress = match triage::contacted(&self.ctx, &actor, command, Some(note)).await {
            Ok(progress) => progress,
            Err(problem) => return settled(problem),
        };
        let Some(due_at) = progress.due_at else { return Ok(()) };
        let mut chance = Chance::of("work again", work.number);
        let at = part_of(self.ctx.now(), due_at, chance.between(30, 90));
        let next = Work { version: work.version + 1, ..work };
        let is_last = work.is_short || progress.stage == Stage::Outcome;
        self.note(at, if is_last { Happening::Close(next) } else { Happening::Contact(next) });
        Ok(())
    }

    async fn close(&self, work: Work) -> Result<(), Problem> {
        let (login, outcome, reason) = match work.tier {
            3 => ("clinician", Outcome::Referred, "已转介精神科门诊，家属知情，两周后随访。"),
            2 => ("caseworker", Outcome::FollowUpArranged, "已安排面谈和随访。"),
            _ => ("caseworker", Outcome::NoNeedFound, "已给出自助建议和求助电话，按期复筛。"),
        };
        let actor = self.actor(login)?;
        let command = Command { id: work.item, expected_version: work.version };
        let closed =
            triage::close(&self.ctx, &actor, command, outcome, Private::new(reason.to_owned())).await;
        closed.or_else(settled)
    }

    fn actor(&self, login: &str) -> Result<crate::identity::Actor, Problem> {
        staff::actor(self.city, self.tenant, login, self.now).ok_or_else(Problem::forbidden)
    }
}

/// After a seeding that was broken off the step may have been made already.
fn settled(problem: Problem) -> Result<(), Problem> {
    if problem.status().as_u16() == 409 { Ok(()) } else { Err(problem) }
}

fn part_of(from: Timestamp, to: Timestamp, percent: i64) -> Timestamp {
    from + TimeDelta::seconds((to - from).num_seconds() * percent / 100)
}

/// A clock that starts before the first visit.
pub fn clock(now: Timestamp) -> Clock {
    Clock::stepped(now - TimeDelta::days(DAYS + 2))
}

/// No two people of the red visits are one.
pub fn reds<'a>(residents: &'a [Resident], taken: &BTreeSet<PersonId>) -> Vec<(usize, &'a Resident)> {
    let wanted = [(1, 25..45), (4, 40..60)];
    wanted
        .into_iter()
        .filter_map(|(district, ages)| {
            residents.iter().enumerate().find(|(_, resident)| {
                resident.district == district
                    && ages.contains(&resident.age)
                    && !taken.contains(&resident.file.id)
            })
        })
        .collect()
}
