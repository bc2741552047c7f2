//! `creta up`: the whole product in one process, until it is told to stop.

use crate::cli::Up;
use crate::compose::{Configuration, Product};
use crate::credentials::Credentials;
use console::style;
use creta_control::Clients;
use creta_model::{Code, Letter};
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

pub(crate) async fn run(command: Up) -> Result<(), Vec<Letter>> {
    start_log();
    let listener = bind(command.port).await.map_err(|letter| vec![letter])?;
    let configuration = configuration(&command).map_err(|letter| vec![letter])?;
    let product = Product::open(&configuration).await?;
    let address = listener.local_addr().map_err(|error| vec![unbound(command.port, &error)])?;
    let url = format!("http://{address}");
    let kept = configuration.data.join("credentials.json");
    let credentials = credentials(&product, &kept, url).await.map_err(|letter| vec![letter])?;
    let stop = stop_signal().map_err(|letter| vec![letter])?;
    credentials.write(&kept).map_err(|letter| vec![letter])?;
    let serving = tokio::spawn(creta_server::serve(product.state.clone(), listener, stop));
    if let Some(file) = &command.ready_file {
        credentials.write(file).map_err(|letter| vec![letter])?;
    }
    eprintln!("{} on {}  (credentials in {})", style("serving").green().bold(), credentials.url, kept.display());
    let served = serving.await;
    product.close().await.map_err(|letter| vec![letter])?;
    if let Some(file) = &command.ready_file {
        // A stale ready file would send the next reader to a server that is gone.
        let _ = std::fs::remove_file(file);
    }
    match served {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(vec![Letter::new(Code::Bug, format!("The server stopped: {error}."))]),
        Err(error) => Err(vec![Letter::new(Code::Bug, format!("The server broke off: {error}."))]),
    }
}

fn start_log() {
    // Libraries may log what passes through them, values of users among it; only their warnings are let through.
    let level = std::env::var("CRETA_LOG").unwrap_or_else(|_| "warn".to_owned());
    let rooms = [
        "creta",
        "creta_engine",
        "creta_python",
        "creta_stores",
        "creta_sources",
        "creta_jobs",
        "creta_control",
        "creta_server",
    ];
    let ours: Vec<String> = rooms.iter().map(|room| format!("{room}={level}")).collect();
    let filter = tracing_subscriber::EnvFilter::try_new(format!("warn,{}", ours.join(",")))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

async fn bind(port: u16) -> Result<TcpListener, Letter> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| unbound(port, &error))
}

fn unbound(port: u16, error: &std::io::Error) -> Letter {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            Letter::new(Code::PortTaken, format!("Port {port} is taken by another process."))
                .fix("Stop it, choose another port with --port, or let --port 0 take a free one.")
        }
        _ => Letter::new(Code::PortTaken, format!("Port {port} cannot be used: {error}.")),
    }
}

fn configuration(command: &Up) -> Result<Configuration, Letter> {
    let project = command.project.canonicalize().map_err(|error| {
        Letter::new(
            Code::MissingFile,
            format!("The project folder {} cannot be read: {error}.", command.project.display()),
        )
        .fix("Name it with --project.")
    })?;
    let data = command.data.clone().unwrap_or_else(|| project.join(".creta"));
    std::fs::create_dir_all(&data).map_err(|error| {
        Letter::new(Code::MissingFile, format!("The data folder {} cannot be made: {error}.", data.display()))
    })?;
    let data = data.canonicalize().unwrap_or(data);
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = command.workers.unwrap_or(processors).max(1);
    Ok(Configuration { project, data, python: command.python.clone(), workers, body_limit: command.body_limit })
}

/// The client of the last start, if its secret is still the right one; a new one otherwise.
async fn credentials(product: &Product, kept: &Path, url: String) -> Result<Credentials, Letter> {
    let clients = Clients::new(product.metadata.clone(), product.entropy.clone());
    let pid = std::process::id();
    if let Some(known) = read(kept)
        && clients.verify(&known.client_id, &known.client_secret).await?
    {
        return Ok(Credentials { url, pid, ..known });
    }
    let client = clients.create().await?;
    Ok(Credentials { url, client_id: client.id, client_secret: client.secret, pid })
}

fn read(kept: &Path) -> Option<Credentials> {
    let path: PathBuf = kept.to_owned();
    path.exists().then(|| Credentials::find(Some(&path), Path::new(".")).ok()).flatten()
}

/// Resolves at SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Letter> {
    let listen =
        |kind| signal(kind).map_err(|error| Letter::new(Code::Bug, format!("Signals cannot be received: {error}.")));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    })
}
