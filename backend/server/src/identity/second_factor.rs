//! The second factor: time-based one-time codes (RFC 6238), required for the three administrators.

use super::password::Password;
use super::store::AccountRow;
use super::{Actor, accounts, store};
use crate::platform::keys::{Column, random};
use crate::platform::{Ctx, Problem, ScopedTx};
use rules::ids::AccountId;
use totp_rs::{Algorithm, Builder, Totp};

const SECRET: Column = Column("account.second_factor");
const ISSUER: &str = "Xindeng";
const STEP_SECS: u64 = 30;

pub struct Enrolment {
    pub secret: String,
    pub url: String,
}

fn totp(secret: Vec<u8>, login: &str) -> Result<Totp, Problem> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(STEP_SECS)
        .with_secret(secret)
        .with_issuer(Some(ISSUER))
        .with_account_name(login)
        .build()
        .map_err(|error| Problem::internal(&error))
}

/// That it is really the owner who wants it changed, and not somebody at a screen that was left open.
pub struct Proof {
    pub password: Password,
    pub code: String,
}

pub async fn has_one(ctx: &Ctx, actor: &Actor) -> Result<bool, Problem> {
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    Ok(load(&mut tx, actor).await?.second_factor_sealed.is_some())
}

async fn load(tx: &mut ScopedTx, actor: &Actor) -> Result<AccountRow, Problem> {
    store::load_account(tx, actor.account).await?.ok_or_else(super::signed_out)
}

/// Where there is none yet.
pub async fn begin_first(ctx: &Ctx, actor: &Actor) -> Result<Enrolment, Problem> {
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    let account = load(&mut tx, actor).await?;
    if account.second_factor_sealed.is_some() {
        return Err(Problem::invalid("code", "there is a second factor already"));
    }
    begin(ctx, tx, actor, None).await
}

pub async fn begin_another(ctx: &Ctx, actor: &Actor, proof: Proof) -> Result<Enrolment, Problem> {
    let (tx, present) = prove(ctx, actor, proof).await?;
    begin(ctx, tx, actor, Some(present)).await
}

/// Makes a secret that counts only after a first code has confirmed it; until then the present one does.
async fn begin(
    ctx: &Ctx,
    mut tx: ScopedTx,
    actor: &Actor,
    present: Option<Vec<u8>>,
) -> Result<Enrolment, Problem> {
    let secret: [u8; 20] = random().map_err(|error| Problem::internal(&error))?;
    let totp = totp(secret.to_vec(), &actor.login)?;
    let url = totp.to_url().map_err(|error| Problem::internal(&error))?;
    let sealed = ctx.keys.seal(actor.tenant, SECRET, actor.account.0, &secret);
    store::set_second_factor(&mut tx, actor.account, present, Some(sealed)).await?;
    tx.commit().await?;
    Ok(Enrolment { secret: totp_rs::Secret::from(secret).to_base32(), url })
}

/// A wrong code counts like a wrong password; a right one forgives nothing, for who confirms has just been given it.
pub async fn confirm(ctx: &Ctx, actor: &Actor, code: &str) -> Result<(), Problem> {
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    let Some(pending) = load(&mut tx, actor).await?.second_factor_pending_sealed else {
        return Err(Problem::invalid("code", "start the enrolment first"));
    };
    let attempt = ctx.guesses.begin(&actor.login, ctx.now())?;
    if !spend(ctx, &mut tx, actor.account, &pending, code).await? {
        return Err(Problem::invalid("code", "the code is not right; check the time of your phone"));
    }
    attempt.take_back();
    store::set_second_factor(&mut tx, actor.account, Some(pending), None).await?;
    audit(ctx, &mut tx, "second_factor.confirm", actor.account).await?;
    tx.commit().await?;
    ctx.sessions.forget_account(actor.account);
    Ok(())
}

pub async fn remove(ctx: &Ctx, actor: &Actor, proof: Proof) -> Result<(), Problem> {
    let (mut tx, _) = prove(ctx, actor, proof).await?;
    store::set_second_factor(&mut tx, actor.account, None, None).await?;
    audit(ctx, &mut tx, "second_factor.remove", actor.account).await?;
    tx.commit().await?;
    ctx.sessions.forget_account(actor.account);
    Ok(())
}

/// Gives a transaction in which the code is spent, and the present factor.
async fn prove(ctx: &Ctx, actor: &Actor, proof: Proof) -> Result<(ScopedTx, Vec<u8>), Problem> {
    let attempt = accounts::prove_own(ctx, actor, "password", proof.password).await?;
    let mut tx = ctx.db.begin(&actor.scope()).await?;
    let Some(present) = load(&mut tx, actor).await?.second_factor_sealed else {
        return Err(Problem::invalid("code", "there is no second factor"));
    };
    if !spend(ctx, &mut tx, actor.account, &present, &proof.code).await? {
        return Err(Problem::invalid("code", "the code is not right"));
    }
    attempt.succeeded();
    Ok((tx, present))
}

/// Is this the code of now, and used for the first time? Counts once the transaction is committed.
pub async fn spend(
    ctx: &Ctx,
    tx: &mut ScopedTx,
    account: AccountId,
    sealed: &[u8],
    code: &str,
) -> Result<bool, Problem> {
    let secret = ctx.keys.open(tx.tenant(), SECRET, account.0, sealed)?;
    let now = u64::try_from(ctx.now().timestamp()).unwrap_or(0);
    match totp(secret, "")?.check(code.trim(), now) {
        Some(step) => Ok(store::spend_second_factor_step(tx, account, step.cast_signed()).await?),
        None => Ok(false),
    }
}

async fn audit(ctx: &Ctx, tx: &mut ScopedTx, action: &'static str, account: AccountId) -> sqlx::Result<()> {
    let entry = crate::audit::Entry {
        action,
        subject_kind: "account",
        subject_id: Some(account.0),
        detail: serde_json::json!({}),
    };
    crate::audit::write(ctx, tx, entry).await
}
