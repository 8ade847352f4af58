//! `xindeng serve`: open, listen, say that it is ready, and stop in order.

use super::{runtime, say};
use crate::config::{ServeArgs, ServeConfig};
use crate::listen::{TlsListener, bind};
use anyhow::{Context, bail};
use axum::serve::ListenerExt;
use nix::fcntl::{Flock, FlockArg};
use server::platform::Ctx;
use server::platform::tasks::Tasks;
use server::wiring::{self, Settings};
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(10);

pub fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = match args.check() {
        Ok(config) => config,
        Err(wrong) => {
            for line in wrong {
                eprintln!("xindeng: {line}");
            }
            return Ok(ExitCode::from(2));
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::try_new(&config.args.log).context("--log")?)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    runtime()?.block_on(serve(config))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: ServeConfig) -> anyhow::Result<()> {
    let data_dir = config.args.database.data_dir.clone();
    std::fs::create_dir_all(&data_dir).with_context(|| format!("{} cannot be made", data_dir.display()))?;
    let _lock = lock(&data_dir)?;
    let listener = bind(config.listen).await?;
    let admin = bind(config.admin).await?;
    server::platform::metrics::install().context("the metrics could not be set up")?;
    let opened = wiring::open(&Settings {
        data_dir: data_dir.clone(),
        database_url: config.args.database.database_url.clone(),
        webhook_url: config.args.webhook_url.clone(),
        connections: Some(config.args.db_connections),
        is_secure: config.tls.is_some() || config.args.behind_proxy,
        is_demo: config.args.demo,
        stepped_clock: None,
    })
    .await?;
    let ctx = opened.ctx.clone();
    let base_url = url(listener.local_addr()?, config.tls.is_some());
    let admin_url = url(admin.local_addr()?, false);
    if config.args.demo {
        demo(&ctx, &data_dir, &base_url, &admin_url).await?;
    } else {
        first_start(&ctx, &config.args.tenant_name, &base_url).await?;
    }
    let tasks = Tasks::new();
    wiring::start_loops(&ctx, &tasks);
    server::platform::heartbeat::watch(ctx.clone(), tasks.stopping())?;
    let stop = CancellationToken::new();
    let admin_server =
        tokio::spawn(listen(admin, None, server::platform::metrics::router(ctx.clone()), stop.clone()));
    let pages = tokio::spawn(listen(listener, config.tls.clone(), wiring::app(ctx.clone()), stop.clone()));
    say(&serde_json::json!({"ready": true, "listen": base_url, "admin": admin_url}).to_string())?;
    wait_for_signal().await?;
    tracing::info!("stopping");
    stop.cancel();
    // what was begun is finished; a screen that stays open is cut off and resumes elsewhere
    let _ = tokio::time::timeout(PATIENCE, pages).await;
    tasks.stop(PATIENCE).await;
    admin_server.abort();
    opened.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Two servers in one folder would be two answers to one question: its private database, and also with a database by
/// URL its journal of alarms, which either of them would empty for the other.
fn lock(data_dir: &Path) -> anyhow::Result<Flock<File>> {
    let file = File::options().create(true).truncate(false).write(true).open(data_dir.join("lock"))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(lock),
        Err(_) => {
            bail!("another server works in {}; stop it, or choose another --data-dir", data_dir.display())
        }
    }
}

async fn listen(
    listener: TcpListener,
    tls: Option<(std::path::PathBuf, std::path::PathBuf)>,
    app: axum::Router,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let stopped = stop.cancelled_owned();
    // made ready once, instead of copying every route for every connection
    let app = app.into_make_service();
    if let Some((cert, key)) = tls {
        let listener = TlsListener::new(listener, &cert, &key)?;
        axum::serve(listener, app).with_graceful_shutdown(stopped).await?;
    } else {
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app).with_graceful_shutdown(stopped).await?;
    }
    Ok(())
}

fn url(address: SocketAddr, is_tls: bool) -> String {
    format!("{}://{address}", if is_tls { "https" } else { "http" })
}

/// An empty database gets its tenant, and a link with which the first administrator sets a password.
async fn first_start(ctx: &Ctx, tenant_name: &str, base_url: &str) -> anyhow::Result<()> {
    let made = server::identity::first_start(ctx, tenant_name)
        .await
        .map_err(|problem| anyhow::anyhow!("the first tenant could not be made: {problem:?}"))?;
    if let Some(token) = made {
        eprintln!("xindeng: first start. Open once, within 48 hours, to set the administrator's password:");
        eprintln!("    {base_url}/setup/{token}");
    }
    Ok(())
}

/// Fills the demo city on the first start, and says in its file where this start listens.
async fn demo(ctx: &Ctx, data_dir: &Path, base_url: &str, admin_url: &str) -> anyhow::Result<()> {
    let failed = |problem| anyhow::anyhow!("the demo city could not be made: {problem:?}");
    let demo = server::demo::seed(ctx, data_dir).await.map_err(failed)?;
    demo.publish(data_dir, base_url, admin_url).map_err(failed)
}

async fn wait_for_signal() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
