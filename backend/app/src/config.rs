//! Settings from the command line and the environment, checked together: everything that is wrong is said at once.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the data are.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// Folder of the private database, the keys and the alarm journal.
    #[arg(long, env = "XINDENG_DATA_DIR", default_value = "var/xindeng")]
    pub data_dir: PathBuf,
    /// A Postgres to use instead of the private one; its user must own the database.
    #[arg(long, env = "XINDENG_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Address of the pages and the API.
    #[arg(long, env = "XINDENG_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// Address of the metrics; a free loopback port unless given.
    #[arg(long, env = "XINDENG_ADMIN", default_value = "127.0.0.1:0")]
    pub admin: String,
    /// Also fill in the demo city; loopback only.
    #[arg(long, env = "XINDENG_DEMO")]
    pub demo: bool,
    /// Certificate chain (PEM), to serve TLS.
    #[arg(long, env = "XINDENG_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key (PEM).
    #[arg(long, env = "XINDENG_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// A reverse proxy in front of this server speaks TLS.
    #[arg(long, env = "XINDENG_BEHIND_PROXY")]
    pub behind_proxy: bool,
    /// Where signed notices of alarms are posted.
    #[arg(long, env = "XINDENG_WEBHOOK_URL", hide_env_values = true)]
    pub webhook_url: Option<String>,
    /// Connections to the database for ordinary work; alarms have their own beside these.
    #[arg(long, env = "XINDENG_DB_CONNECTIONS", default_value_t = 16)]
    pub db_connections: u32,
    /// What is logged: `info`, `debug`, or per part as `server=debug,sqlx=warn`.
    #[arg(long, env = "XINDENG_LOG", default_value = "info,sqlx=warn")]
    pub log: String,
    /// Name of the first tenant of an empty database.
    #[arg(long, env = "XINDENG_TENANT_NAME", default_value = "心理服务中心")]
    pub tenant_name: String,
}

/// The settings, checked.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    pub args: ServeArgs,
    pub listen: SocketAddr,
    pub admin: SocketAddr,
    pub tls: Option<(PathBuf, PathBuf)>,
}

impl ServeArgs {
    pub fn check(self) -> Result<ServeConfig, Vec<String>> {
        let mut wrong = Vec::new();
        let mut address = |name: &str, text: &str| {
            text.parse::<SocketAddr>()
                .map_err(|_| wrong.push(format!("{name}: not an address like 127.0.0.1:8080")))
                .ok()
        };
        let listen = address("--listen", &self.listen);
        let admin = address("--admin", &self.admin);
        let tls = match (&self.tls_cert, &self.tls_key) {
            (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
            (None, None) => None,
            _ => {
                wrong.push("--tls-cert and --tls-key: give both or neither".to_owned());
                None
            }
        };
        for file in [&self.tls_cert, &self.tls_key].into_iter().flatten() {
            if !file.is_file() {
                wrong.push(format!("{}: no such file", file.display()));
            }
        }
        if listen.is_some_and(|listen| !listen.ip().is_loopback()) {
            if self.demo {
                wrong.push("--demo: its passwords are printed, so it listens on loopback only".to_owned());
            } else if tls.is_none() && !self.behind_proxy {
                wrong.push(
                    "--listen: beyond loopback people's data would travel readable; \
                     give --tls-cert and --tls-key, or --behind-proxy if a proxy speaks TLS"
                        .to_owned(),
                );
            }
        }
        if admin.is_some_and(|admin| !admin.ip().is_loopback()) {
            wrong.push("--admin: the metrics are for this machine only; use a loopback address".to_owned());
        }
        if !(2..=500).contains(&self.db_connections) {
            wrong.push("--db-connections: from 2 to 500".to_owned());
        }
        if self.webhook_url.as_ref().is_some_and(|url| !url.starts_with("https://") && !is_loopback_url(url))
        {
            wrong.push("--webhook-url: https, or http to this machine".to_owned());
        }
        match (listen, admin) {
            (Some(listen), Some(admin)) if wrong.is_empty() => {
                Ok(ServeConfig { listen, admin, tls, args: self })
            }
            _ => Err(wrong),
        }
    }
}

fn is_loopback_url(url: &str) -> bool {
    ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Command, CommandFactory, FromArgMatches, Parser};

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        args: ServeArgs,
    }

    fn check(arguments: &[&str]) -> Result<ServeConfig, Vec<String>> {
        let matches = Only::command().try_get_matches_from([&["serve"], arguments].concat()).unwrap();
        Only::from_arg_matches(&matches).unwrap().args.check()
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let wrong = check(&[
            "--listen",
            "0.0.0.0:80",
            "--admin",
            "x",
            "--tls-cert",
            "/nowhere",
            "--db-connections",
            "1",
        ])
        .unwrap_err();
        assert_eq!(wrong.len(), 5, "{wrong:#?}");
    }

    #[test]
    fn the_demo_stays_on_this_machine() {
        assert!(check(&["--demo", "--listen", "0.0.0.0:8080", "--behind-proxy"]).is_err());
        assert!(check(&["--demo"]).is_ok());
    }

    #[test]
    fn the_example_environment_names_every_setting() {
        let example = include_str!("../../../.env.example");
        let command: Command = Only::command();
        let missing: Vec<String> = command
            .get_arguments()
            .filter_map(|argument| argument.get_env())
            .filter_map(|name| name.to_str())
            .filter(|name| !example.contains(&format!("{name}=")))
            .map(str::to_owned)
            .collect();
        assert!(missing.is_empty(), "not in .env.example: {missing:?}");
    }
}
