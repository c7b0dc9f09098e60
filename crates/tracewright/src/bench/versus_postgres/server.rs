//! A PostgreSQL of our own: in a temporary folder, on a socket in it, as a user without rights where we are root. It goes away with us.
//!
//! A shell stands between: it stops the server when its standard input ends, so that the server does not outlive us, however we end.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Config, NoTls};

use crate::bench::machine;
use crate::say::Failure;

/// Where Debian puts the servers.
const DEBIAN: &str = "/usr/lib/postgresql";
/// How long a server may take to answer.
const STARTING_MAX: Duration = Duration::from_secs(60);

const GUARD: &str = "trap '' INT TERM; \"$@\" & server=$!; read -r _; kill -INT $server; wait $server";

/// A running server.
pub(super) struct Server {
    pub(super) runtime: Runtime,
    pub(super) version: String,
    pub(super) settings: Settings,
    guard: Child,
    sockets: PathBuf,
    _folder: tempfile::TempDir,
}

/// How it was tuned.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Settings {
    pub(super) shared_buffers_mb: u64,
    effective_cache_size_mb: u64,
    work_mem_mb: u64,
    maintenance_work_mem_mb: u64,
}

impl Settings {
    pub(super) fn of(shared_buffers_mb: Option<u64>) -> Settings {
        let memory_mb = (machine::memory_mb() as u64).max(1024);
        Settings {
            shared_buffers_mb: shared_buffers_mb.unwrap_or(memory_mb / 4).max(16),
            effective_cache_size_mb: memory_mb * 3 / 4,
            work_mem_mb: 256,
            maintenance_work_mem_mb: (memory_mb / 8).clamp(64, 2048),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let megabytes = |name: &str, value: u64| format!("{name}={value}MB");
        let mut settings = vec![
            megabytes("shared_buffers", self.shared_buffers_mb),
            megabytes("effective_cache_size", self.effective_cache_size_mb),
            megabytes("work_mem", self.work_mem_mb),
            megabytes("maintenance_work_mem", self.maintenance_work_mem_mb),
        ];
        // A load writes no log of itself, checkpoints are rare, short questions are not compiled. What is committed is durable.
        let others = "wal_level=minimal max_wal_senders=0 max_wal_size=16GB checkpoint_timeout=1h random_page_cost=1.1 \
                      effective_io_concurrency=200 jit=off autovacuum=off fsync=on listen_addresses=";
        settings.extend(others.split_whitespace().map(str::to_owned));
        settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
    }
}

/// The folder with `initdb` and `postgres`: the one that is named, that of PATH, else Debian's newest.
pub(super) fn programs(named: Option<&Path>, path: &str) -> Result<PathBuf, Failure> {
    let mut folders: Vec<PathBuf> = match named {
        Some(folder) => vec![folder.to_owned()],
        None => path.split(':').map(PathBuf::from).collect(),
    };
    if named.is_none() {
        let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
            .collect();
        versions.sort();
        folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    }
    let complete = |folder: &PathBuf| ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file());
    folders.into_iter().find(complete).ok_or_else(|| {
        Failure::misuse("no PostgreSQL is here")
            .hint("install the package `postgresql`, or name the folder with its initdb in --postgres")
    })
}

impl Server {
    pub(super) fn start(programs: &Path, settings: Settings) -> Result<Server, Failure> {
        let folder = tempfile::Builder::new().prefix("tracewright-postgres-").tempdir()?;
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        let user = unprivileged(folder.path())?;
        if let Some(user) = user {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
            chown(&data, Some(user), None)?;
        }
        let run_as = |command: &mut Command| {
            if let Some(user) = user {
                command.uid(user);
            }
        };
        let mut initdb = Command::new(programs.join("initdb"));
        initdb.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-instructions",
            "-D",
        ]);
        initdb.arg(&data).current_dir(&data);
        run_as(&mut initdb);
        let made = initdb.output()?;
        if !made.status.success() {
            let errors = String::from_utf8_lossy(&made.stderr).into_owned();
            return Err(Failure::of(anyhow::anyhow!("initdb failed: {}", errors.trim())));
        }
        let log = fs::File::create(folder.path().join("log"))?;
        let mut guard = Command::new("/bin/sh");
        guard.args(["-c", GUARD, "sh"]).arg(programs.join("postgres")).arg("-D").arg(&data).arg("-k").arg(&data);
        guard.args(settings.arguments()).current_dir(&data);
        guard.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        run_as(&mut guard);
        let guard = guard.spawn()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut server = Server { runtime, version: String::new(), settings, guard, sockets: data, _folder: folder };
        let client = server.wait_until_ready()?;
        let row = server.runtime.block_on(client.query_one("show server_version", &[])).map_err(Failure::of)?;
        server.version = row.get(0);
        Ok(server)
    }

    fn wait_until_ready(&self) -> Result<Client, Failure> {
        let begun = Instant::now();
        loop {
            match self.connect() {
                Ok(client) => return Ok(client),
                Err(_) if begun.elapsed() < STARTING_MAX => std::thread::sleep(Duration::from_millis(20)),
                Err(error) => {
                    let log = fs::read_to_string(self._folder.path().join("log")).unwrap_or_default();
                    let last = log.lines().last().unwrap_or_default().to_owned();
                    return Err(Failure::of(
                        anyhow::Error::new(error).context(format!("PostgreSQL does not answer: {last}")),
                    ));
                }
            }
        }
    }

    /// A new connection.
    pub(super) fn connect(&self) -> Result<Client, tokio_postgres::Error> {
        let mut config = Config::new();
        config.host_path(&self.sockets).user("postgres").dbname("postgres");
        let (client, connection) = self.runtime.block_on(config.connect(NoTls))?;
        self.runtime.spawn(connection);
        Ok(client)
    }

    /// CPU seconds of the server and all its processes so far.
    pub(super) fn cpu_s(&self) -> f64 {
        let first_line = |text: String| text.lines().next().and_then(|line| line.trim().parse().ok());
        let process: Option<u32> = fs::read_to_string(self.sockets.join("postmaster.pid")).ok().and_then(first_line);
        process.map_or(0.0, machine::cpu_of_family_s)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        self.guard.wait().ok();
    }
}

/// Whom PostgreSQL runs as where we are root, which it refuses.
fn unprivileged(ours: &Path) -> Result<Option<u32>, Failure> {
    if fs::metadata(ours)?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let id = |name: &str| {
        let user = users.lines().find(|line| line.split(':').next() == Some(name))?;
        user.split(':').nth(2)?.parse().ok()
    };
    match id("postgres").or_else(|| id("nobody")) {
        Some(user) => Ok(Some(user)),
        None => Err(Failure::of(anyhow::anyhow!(
            "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`"
        ))),
    }
}
