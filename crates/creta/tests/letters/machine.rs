//! Letters about the machine that a server runs on: ports, folders, interpreters, servers that are not there.

use super::Shown;
use crate::command::{Creta, Served};
use creta_model::Code;
use std::net::TcpListener;
use std::path::Path;

pub async fn provoke(python: &Path) -> Vec<Shown> {
    vec![
        port_taken(python),
        locked(python).await,
        newer(python),
        damaged(python),
        missing_project(python),
        no_python(),
        unreachable(),
    ]
}

const FEATURES: &str = "from creta.features import Primary, features


@features
class Ship:
    id: Primary[int]
";

fn project() -> Creta {
    Creta::with_files(&[("features.py", FEATURES)])
}

fn up(creta: &Creta, python: &Path, more: &[&str]) -> String {
    let python = python.to_str().unwrap();
    let mut arguments = vec!["up", "--python", python];
    arguments.extend(more);
    creta.fails(&arguments)
}

fn port_taken(python: &Path) -> Shown {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let answer = up(&project(), python, &["--port", &port]).replace(&port, "8700");
    Shown { code: Code::PortTaken, deed: "`creta up --port 8700` while another program listens there:".into(), answer }
}

async fn locked(python: &Path) -> Shown {
    let creta = project();
    let served = Served::start(&creta, python).await;
    let holder = creta.credentials()["pid"].to_string();
    let answer = up(&creta, python, &["--port", "0"]).replace(&holder, "4711");
    served.stop().await;
    Shown { code: Code::DataDirectoryLocked, deed: "`creta up` twice in one project:".into(), answer }
}

fn newer(python: &Path) -> Shown {
    let creta = project();
    creta.write(".creta/version", "999\n");
    let answer = up(&creta, python, &["--port", "0"]);
    Shown { code: Code::DataDirectoryNewer, deed: "`creta up` on data of a later version:".into(), answer }
}

fn damaged(python: &Path) -> Shown {
    let creta = project();
    creta.write(".creta/metadata.sqlite", &"not a database ".repeat(1_000));
    let answer = up(&creta, python, &["--port", "0"]);
    Shown {
        code: Code::StoreFailed,
        deed: "`creta up` after something overwrote `.creta/metadata.sqlite`:".into(),
        answer,
    }
}

fn missing_project(python: &Path) -> Shown {
    let answer = up(&project(), python, &["--port", "0", "--project", "no-such-folder"]);
    Shown { code: Code::MissingFile, deed: "`creta up --project no-such-folder`:".into(), answer }
}

fn no_python() -> Shown {
    let answer = project().fails(&["apply", "--python", "/no/such/python"]);
    Shown { code: Code::PythonNotFound, deed: "`creta apply --python /no/such/python`:".into(), answer }
}

fn unreachable() -> Shown {
    let creta = project();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let credentials = format!(r#"{{"url": "http://127.0.0.1:{port}", "client_id": "a", "client_secret": "b"}}"#);
    creta.write(".creta/credentials.json", &credentials);
    let answer = creta.fails(&["query", "--in", "ship.id=7"]).replace(&port.to_string(), "8700");
    Shown { code: Code::Unreachable, deed: "`creta query --in ship.id=7` after the server was stopped:".into(), answer }
}
