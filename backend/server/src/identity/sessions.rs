//! Opaque sessions: 256 random bits, hashed at rest, revoked within a second, never a claim to be believed.

use super::{Actor, store};
use crate::platform::keys::{random, to_hex};
use crate::platform::tasks::turn;
use crate::platform::{Ctx, Problem, Purpose, SYSTEM, Scope};
use axum::http::{HeaderMap, Method, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rules::Timestamp;
use rules::ids::{AccountId, SessionId, TenantId};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// A session is believed this long without asking the database again.
const BELIEVED_FOR: Duration = Duration::from_millis(800);
const CACHE_LIMIT: usize = 20_000;
/// Longer than a night shift; nobody stays signed in for ever.
const LIFETIME_HOURS: i64 = 16;
/// No session lives longer, so nobody is remembered longer either.
const REMEMBERED_FOR: Duration = Duration::from_hours(16);
const IDLE_HOURS: i64 = 12;
const TOUCH_EVERY_SECS: i64 = 60;
const TICKET_SECS: i64 = 30;
const REVOCATIONS_EVERY: Duration = Duration::from_millis(400);
/// Far longer than any node takes between two looks.
const REVOCATIONS_SINCE_MINUTES: i64 = 5;

pub const COOKIE: &str = "sid";
pub const SECURE_COOKIE: &str = "__Host-sid";

#[derive(Debug, Default)]
pub struct SessionCache {
    known: Mutex<HashMap<Vec<u8>, (Instant, Actor)>>,
    /// since when; kept for as long as a session can live
    revoked: RwLock<HashMap<SessionId, Timestamp>>,
}

impl SessionCache {
    fn get(&self, hash: &[u8]) -> Option<Actor> {
        let cache = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        cache.get(hash).filter(|(since, _)| since.elapsed() < BELIEVED_FOR).map(|(_, actor)| actor.clone())
    }

    fn put(&self, hash: Vec<u8>, actor: Actor) {
        let mut cache = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for keep in [REMEMBERED_FOR, BELIEVED_FOR] {
            if cache.len() >= CACHE_LIMIT {
                cache.retain(|_, (since, _)| since.elapsed() < keep);
            }
        }
        cache.insert(hash, (Instant::now(), actor));
    }

    /// Who this was when the database last said so. Only for raising an alarm while the database cannot be asked: a
    /// press that is refused because a server is down is worse than one by somebody whose session ended a moment ago,
    /// and it gives nothing back but "kept". The name under which it was kept stands with the alarm.
    fn last_known_while_unreachable(&self, hash: &[u8], now: Timestamp) -> Option<Actor> {
        let cache = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (since, actor) = cache.get(hash)?;
        let is_good =
            since.elapsed() < REMEMBERED_FOR && actor.expires_at > now && !self.is_revoked(actor.session);
        is_good.then(|| actor.clone())
    }

    fn is_revoked(&self, session: SessionId) -> bool {
        self.revoked.read().unwrap_or_else(std::sync::PoisonError::into_inner).contains_key(&session)
    }

    fn revoke(&self, sessions: &[(SessionId, Timestamp)], now: Timestamp) {
        let mut revoked = self.revoked.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        revoked.retain(|_, at| now - *at < chrono::Duration::hours(LIFETIME_HOURS));
        revoked.extend(sessions.iter().copied());
    }

    /// Revocation on this node is immediate; on others it is seen when their belief runs out.
    pub fn forget_account(&self, account: AccountId) {
        let mut cache = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        cache.retain(|_, (_, actor)| actor.account != account);
    }
}

pub fn signed_out() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "signed-out", "Sign in first")
}

/// A token is the tenant and 256 random bits. The tenant is only where to look; the hash must be found there.
pub(super) fn make_token(tenant: TenantId) -> Result<(String, Vec<u8>), Problem> {
    let secret: [u8; 32] = random().map_err(|error| Problem::internal(&error))?;
    let mut bytes = tenant.0.as_bytes().to_vec();
    bytes.extend(secret);
    Ok((URL_SAFE_NO_PAD.encode(&bytes), Sha256::digest(&bytes).to_vec()))
}

pub(super) fn read_token(token: &str) -> Option<(TenantId, Vec<u8>)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    if bytes.len() != 48 {
        return None;
    }
    let tenant = TenantId(Uuid::from_slice(&bytes[..16]).ok()?);
    Some((tenant, Sha256::digest(&bytes).to_vec()))
}

/// Before the account is known the server looks for itself.
pub(super) fn looking_in(tenant: TenantId) -> Scope {
    Scope { tenant, actor: SYSTEM, scopes: Vec::new(), purpose: Purpose::System }
}

pub struct SignedIn {
    pub token: String,
    pub actor: Actor,
}

pub async fn start(ctx: &Ctx, tenant: TenantId, account: AccountId) -> Result<SignedIn, Problem> {
    let now = ctx.now();
    let (token, hash) = make_token(tenant)?;
    let csrf = to_hex(&random::<16>().map_err(|error| Problem::internal(&error))?);
    let mut tx = ctx.db.begin(&Scope { actor: account, ..looking_in(tenant) }).await?;
    let id = SessionId(ctx.new_id());
    let expires_at = now + chrono::Duration::hours(LIFETIME_HOURS);
    store::insert_session(&mut tx, id, account, &hash, &csrf, now, expires_at).await?;
    crate::audit::write(
        ctx,
        &mut tx,
        crate::audit::Entry {
            action: "session.start",
            subject_kind: "account",
            subject_id: Some(account.0),
            detail: serde_json::json!({}),
        },
    )
    .await?;
    tx.commit().await?;
    let actor = load(ctx, tenant, &hash).await?.ok_or_else(signed_out)?;
    Ok(SignedIn { token, actor })
}

pub async fn end(ctx: &Ctx, actor: &Actor) -> Result<(), Problem> {
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    store::revoke_session(&mut tx, actor.session, ctx.now()).await?;
    tx.commit().await?;
    ctx.sessions.forget_account(actor.account);
    Ok(())
}

/// An actor by memory, for `Access::CanInEmergency` alone.
#[derive(Debug, Clone)]
pub struct LastKnown(pub Actor);

/// Who sends these credentials, as far as this node remembers.
pub fn last_known(ctx: &Ctx, method: &Method, headers: &HeaderMap) -> Option<LastKnown> {
    let (token, from_cookie) = credentials(headers)?;
    let (_, hash) = read_token(&token)?;
    let actor = ctx.sessions.last_known_while_unreachable(&hash, ctx.now())?;
    is_from_our_page(&actor, method, headers, from_cookie).then_some(LastKnown(actor))
}

/// Nothing if no credentials came; a refusal if they are not good, or if a page elsewhere made the browser send them.
pub async fn authenticate(ctx: &Ctx, method: &Method, headers: &HeaderMap) -> Option<Result<Actor, Problem>> {
    let (token, from_cookie) = credentials(headers)?;
    Some(match find(ctx, &token).await {
        Ok(Some(actor)) if !is_from_our_page(&actor, method, headers, from_cookie) => {
            Err(Problem::new(StatusCode::FORBIDDEN, "csrf", "The request did not come from our own page"))
        }
        Ok(Some(actor)) => Ok(actor),
        Ok(None) => Err(signed_out()),
        Err(problem) => Err(problem),
    })
}

/// A browser sends its cookie along with any request; only our own pages know the value that must come with it.
fn is_from_our_page(actor: &Actor, method: &Method, headers: &HeaderMap, from_cookie: bool) -> bool {
    let changes_something = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let csrf = headers.get("x-csrf").and_then(|value| value.to_str().ok()).unwrap_or_default();
    !(from_cookie && changes_something) || same(&actor.csrf, csrf)
}

fn same(a: &str, b: &str) -> bool {
    constant_time_eq::constant_time_eq(a.as_bytes(), b.as_bytes())
}

fn credentials(headers: &HeaderMap) -> Option<(String, bool)> {
    if let Some(bearer) = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
    {
        return Some((bearer.to_owned(), false));
    }
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE || *name == SECURE_COOKIE)
        .map(|(_, token)| (token.to_owned(), true))
}

async fn find(ctx: &Ctx, token: &str) -> Result<Option<Actor>, Problem> {
    let Some((tenant, hash)) = read_token(token) else { return Ok(None) };
    if let Some(actor) = ctx.sessions.get(&hash) {
        return Ok(Some(actor));
    }
    load(ctx, tenant, &hash).await
}

async fn load(ctx: &Ctx, tenant: TenantId, hash: &[u8]) -> Result<Option<Actor>, Problem> {
    let now = ctx.now();
    let mut tx = ctx.db.begin(&looking_in(tenant)).await?;
    let idle_since = now - chrono::Duration::hours(IDLE_HOURS);
    let Some(session) = store::find_session(&mut tx, hash, now, idle_since).await? else { return Ok(None) };
    let account = AccountId(session.account_id);
    let grants = store::list_grants(&mut tx, account).await?;
    if is_stale(session.last_seen_at, now) {
        store::touch_session(&mut tx, SessionId(session.id), now).await?;
        tx.commit().await?;
    }
    let actor = Actor {
        tenant,
        account,
        session: SessionId(session.id),
        name: session.name,
        login: session.login,
        must_enrol: !ctx.is_demo
            && !session.has_second_factor
            && grants.iter().any(|grant| grant.role.is_administrator()),
        csrf: session.csrf,
        expires_at: session.expires_at,
        grants,
    };
    ctx.sessions.put(hash.to_vec(), actor.clone());
    Ok(Some(actor))
}

fn is_stale(last_seen_at: Timestamp, now: Timestamp) -> bool {
    now - last_seen_at > chrono::Duration::seconds(TOUCH_EVERY_SECS)
}

/// Is the session of a live screen still good? Answered from memory.
pub fn is_current(ctx: &Ctx, actor: &Actor) -> bool {
    actor.expires_at > ctx.now() && !ctx.sessions.is_revoked(actor.session)
}

/// Keeps the list of sessions that were ended anywhere, so that every node drops their live screens within a second.
pub async fn watch_revocations(ctx: Ctx, stop: CancellationToken) {
    loop {
        // a database out of reach must not throw dispatchers off their screens
        turn(&ctx, "revocations", Box::pin(revoke_all(&ctx))).await;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(REVOCATIONS_EVERY) => {}
        }
    }
}

async fn revoke_all(ctx: &Ctx) -> Result<(), Problem> {
    for tenant in ctx.tenants() {
        ctx.sessions.revoke(&list_revoked(ctx, tenant.id).await?, ctx.now());
    }
    Ok(())
}

async fn list_revoked(ctx: &Ctx, tenant: TenantId) -> sqlx::Result<Vec<(SessionId, Timestamp)>> {
    let since = ctx.now() - chrono::Duration::minutes(REVOCATIONS_SINCE_MINUTES);
    let mut tx = ctx.begin_system(tenant).await?;
    store::list_revoked_sessions(&mut tx, since).await
}

pub async fn make_ticket(ctx: &Ctx, actor: &Actor) -> Result<String, Problem> {
    let now = ctx.now();
    let (ticket, hash) = make_token(actor.tenant)?;
    let mut tx = ctx.db.begin_alarm(&actor.scope()).await?;
    let expires_at = now + chrono::Duration::seconds(TICKET_SECS);
    store::insert_ticket(&mut tx, &hash, actor.session, now, expires_at).await?;
    tx.commit().await?;
    Ok(ticket)
}

pub async fn take_ticket(ctx: &Ctx, ticket: &str) -> Result<Actor, Problem> {
    let (tenant, hash) = read_token(ticket).ok_or_else(signed_out)?;
    let mut tx = ctx.db.begin_alarm(&looking_in(tenant)).await?;
    let session = store::take_ticket(&mut tx, &hash, ctx.now()).await?.ok_or_else(signed_out)?;
    tx.commit().await?;
    load(ctx, tenant, &session).await?.ok_or_else(signed_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_session_is_remembered_for_as_long_as_it_could_have_lived() {
        let start = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let session = |n: u128| SessionId(Uuid::from_u128(n));
        let cache = SessionCache::default();
        cache.revoke(&[(session(0), start)], start);
        let later = start + chrono::Duration::hours(LIFETIME_HOURS - 1);
        let many: Vec<_> = (1..=50_000).map(|n| (session(n), later)).collect();
        cache.revoke(&many, later);
        assert!(cache.is_revoked(session(0)));
        cache.revoke(&[], start + chrono::Duration::hours(LIFETIME_HOURS));
        assert!(!cache.is_revoked(session(0)));
        assert!(cache.is_revoked(session(50_000)));
    }
}
