//! Letters about questions and about what happens while they are answered.

use super::Shown;
use crate::command::{Creta, Served};
use creta_model::Code;
use reqwest::Client;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;

const FEATURES: &str = r#"import os
import time

from creta import DataFrame, online
from creta.features import Primary, _, feature, features
from creta.sql import SQLiteSource

harbour = SQLiteSource(name="harbour", filename="harbour.sqlite")


@features
class Ship:
    id: Primary[int]
    name: str
    tons: int
    class_code: str
    ratio: float
    late: str
    gone: str
    owner: str
    rank: int
    note: str
    double_ratio: float = feature(expression=_.ratio * 2)


@online
def ratio(tons: Ship.tons) -> Ship.ratio:
    return 1 / tons


@online(timeout="200ms")
def late(name: Ship.name) -> Ship.late:
    time.sleep(30)
    return name


@online
def gone(name: Ship.name) -> Ship.gone:
    os._exit(1)


@online
def rank_by_name(name: Ship.name) -> Ship.rank:
    return len(name)


@online
def harbour_list() -> DataFrame[Ship.id, Ship.note]:
    time.sleep(5)
    return DataFrame([Ship(id=7, note="calls often")])


@online
def rank_by_tons(tons: Ship.tons) -> Ship.rank:
    return tons
"#;

const SHIPS: &str = "-- resolves: Ship\n-- source: harbour\nselect id, name, tons, class_code from ships\n";

const NOTES: &str = "-- resolves: Ship
-- source: harbour
-- incremental: {incremental_column: built}
select id, note from notes
";

const FACTS: &str = "create table ships (id integer primary key, name text, tons integer, class_code text);
insert into ships values (7, 'Creta', 0, null);
create table notes (id integer primary key, note text, built text);";

/// Command lines that fail with these codes; `Code::UpstreamFailed` comes with the letter of its cause.
const COMMANDS: &[(Code, &[&str])] = &[
    (Code::UnknownQueryFeature, &["query", "--in", "ship.id=7", "--out", "ship.nmae"]),
    (Code::InvalidInput, &["query", "--in", "ship.id=seven", "--out", "ship.name"]),
    (Code::AmbiguousResolver, &["query", "--in", "ship.id=7", "--out", "ship.rank"]),
    (Code::ResolverNotFound, &["query", "--in", "ship.id=7", "--out", "ship.owner"]),
    (Code::ResolverNotFound, &["query", "--in", "ship.name=Creta", "--out", "ship.tons"]),
    (Code::UnknownNamedQuery, &["query", "--in", "ship.id=7", "--query-name", "harbour_board"]),
    (Code::CursorInFuture, &["incremental", "set", "notes", "--max-ingested-timestamp", "2999-01-01"]),
    (Code::ResolverFailed, &["query", "--in", "ship.id=7", "--out", "ship.name", "--out", "ship.ratio"]),
    (Code::ResolverTimedOut, &["query", "--in", "ship.id=7", "--out", "ship.name", "--out", "ship.late"]),
    (Code::WorkerDied, &["query", "--in", "ship.id=7", "--out", "ship.name", "--out", "ship.gone"]),
    (Code::UpstreamFailed, &["query", "--in", "ship.id=7", "--out", "ship.name", "--out", "ship.double_ratio"]),
    (Code::ValidationFailed, &["query", "--in", "ship.id=7", "--out", "ship.name", "--out", "ship.class_code"]),
];

pub async fn provoke(python: &Path) -> Vec<Shown> {
    let creta = Creta::with_files(&[("features.py", FEATURES), ("ships.creta.sql", SHIPS), ("notes.creta.sql", NOTES)]);
    let database = Connection::open(creta.folder().join("harbour.sqlite")).unwrap();
    database.execute_batch(FACTS).unwrap();
    let served = Served::start_with(&creta, python, &["--body-limit", "100000"]).await;
    let mut shown = vec![nothing_deployed(&creta)];
    let applied = creta.run(&["apply", "--python", python.to_str().unwrap()]);
    assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    shown.extend(COMMANDS.iter().map(|(code, arguments)| asked(&creta, *code, arguments)));
    shown.push(already_running(&creta));
    shown.extend(over_http(&creta).await);
    database.execute_batch("drop table ships").unwrap();
    let arguments = ["query", "--in", "ship.id=7", "--out", "ship.name"];
    let mut unread = asked(&creta, Code::SourceFailed, &arguments);
    unread.deed = "`creta query --in ship.id=7 --out ship.name` after somebody dropped the table `ships`:".to_owned();
    shown.push(unread);
    served.stop().await;
    shown
}

fn nothing_deployed(creta: &Creta) -> Shown {
    let answer = creta.fails(&["query", "--in", "ship.id=7"]);
    Shown {
        code: Code::NothingDeployed,
        deed: "`creta query --in ship.id=7` before the first `creta apply`:".into(),
        answer,
    }
}

/// The same run twice at once.
fn already_running(creta: &Creta) -> Shown {
    std::thread::scope(|scope| {
        let first = scope.spawn(|| creta.run(&["trigger", "harbour_list"]));
        std::thread::sleep(std::time::Duration::from_secs(2));
        let second = creta.fails(&["trigger", "harbour_list"]);
        assert!(first.join().unwrap().status.success());
        let deed =
            "`creta trigger harbour_list` in [the example project](README.md#the-example-project), while it runs:";
        let id = second.split_once(", as ").and_then(|(_, rest)| rest.split_once('.')).unwrap().0.to_owned();
        Shown { code: Code::AlreadyRunning, deed: deed.to_owned(), answer: second.replace(&id, "5f0c…") }
    })
}

/// Other outputs of the same question are answered, whatever happens to one of them.
fn asked(creta: &Creta, code: Code, arguments: &[&str]) -> Shown {
    let output = creta.run(arguments);
    let printed = String::from_utf8(output.stderr).unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains(&format!("error[{}]", code.name())), "{arguments:?}: {printed}");
    assert_ne!(output.status.code(), Some(0), "{arguments:?}");
    let partial = code.http_status() == 200 && code != Code::SourceFailed;
    assert!(!partial || table.contains("Creta"), "{arguments:?} lost its other output: {table}");
    let folder = creta.folder().canonicalize().unwrap().display().to_string();
    let answer = without_archive_paths(&printed.replace(&folder, "/home/you/project"));
    let deed = format!("`creta {}` in [the example project](README.md#the-example-project):", arguments.join(" "));
    Shown { code, deed, answer }
}

/// Workers run the uploaded archive, whose folder is named by its hash.
fn without_archive_paths(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        match line.split_once("/archives/").and_then(|(before, rest)| Some((before, rest.split_once('/')?.1))) {
            Some((before, rest)) => {
                let start = before.rfind('"').map_or(0, |quote| quote + 1);
                lines.push(format!("{}{rest}", &before[..start]));
            }
            None => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

/// The example project as Markdown.
pub fn definitions() -> String {
    format!(
        "`features.py`\n\n```python\n{}\n```\n\n`ships.creta.sql`\n\n```sql\n{SHIPS}```\n\n`notes.creta.sql`\n\n```sql\n{NOTES}```\n\n`harbour.sqlite`, made with\n\n```sql\n{FACTS}\n```\n",
        FEATURES.trim_end()
    )
}

async fn over_http(creta: &Creta) -> Vec<Shown> {
    let http = Http::sign_in(creta).await;
    let nobody = Http { token: "expired".to_owned(), ..http.clone() };
    let query = json!({"inputs": {"ship.id": 7}, "outputs": ["ship.late"]}).to_string();
    let long = json!({"inputs": {"ship.id": 7}, "outputs": ["ship.name".repeat(20_000)]}).to_string();
    let path = "/v1/query/online";
    let shown =
        |code: Code, deed: &str, answer: Answered| Shown { code, deed: deed.to_owned(), answer: answer.checked(code) };
    vec![
        shown(
            Code::MalformedRequest,
            "`POST /v1/query/online` with a body cut short:",
            http.post_text(path, query[..20].to_owned(), &[]).await,
        ),
        shown(
            Code::BodyTooLarge,
            "`POST /v1/query/online` with more bytes than `--body-limit`:",
            http.post_text(path, long, &[]).await,
        ),
        shown(
            Code::Unauthenticated,
            "`POST /v1/query/online` with a token that is not valid:",
            nobody.post_text(path, query.clone(), &[]).await,
        ),
        shown(
            Code::DeadlineExceeded,
            "`POST /v1/query/online` for `ship.late` with the header `X-Creta-Timeout: 20`:",
            http.post_text(path, query, &[("x-creta-timeout", "20")]).await,
        ),
        shown(
            Code::Unauthorized,
            "`GET` of a result file with a link that is not the server's:",
            http.get("/datasets/1/made-up/part-0.parquet").await,
        ),
        shown(
            Code::InvalidQuery,
            "`POST /v4/offline_query` with `\"resources\": {\"cpu\": \"4\"}`:",
            http.post_text("/v4/offline_query", json!({"resources": {"cpu": "4"}}).to_string(), &[]).await,
        ),
        shown(
            Code::NotFound,
            "`GET /v3/offline_query/spring`, a dataset that nobody made:",
            http.get("/v3/offline_query/spring").await,
        ),
        shown(
            Code::Cancelled,
            "`DELETE` of a training set that was still being computed, then its status:",
            cancelled(&http).await,
        ),
    ]
}

async fn cancelled(http: &Http) -> Answered {
    let body = json!({
        "input": {"columns": ["ship.id"], "values": [vec![7; 50]]},
        "output": ["ship.late"],
        "recompute_features": true,
    });
    let dataset = http.post_text("/v4/offline_query", body.to_string(), &[]).await;
    let dataset: Value = serde_json::from_str(&dataset.text).unwrap();
    let revision = dataset["revisions"][0]["revision_id"].as_str().unwrap().to_owned();
    http.delete(&format!("/v4/offline_query/{revision}")).await;
    loop {
        let answer = http.post_text("/v4/offline_query/status", json!({"job_id": revision}).to_string(), &[]).await;
        if serde_json::from_str::<Value>(&answer.text).unwrap()["is_finished"] == json!(true) {
            return Answered { text: answer.text, status: Code::Cancelled.http_status() };
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Plain HTTP, signed in.
#[derive(Clone)]
pub struct Http {
    client: Client,
    url: String,
    token: String,
}

pub struct Answered {
    text: String,
    status: u16,
}

impl Answered {
    /// The body as readable JSON, if the status is that of the code and the body names it.
    pub fn checked(self, code: Code) -> String {
        let mut body: Value = serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text));
        assert!(self.text.contains(&format!("\"{}\"", code.name())), "{}: {}", code.name(), self.text);
        assert!(self.status == code.http_status() || self.status == 200, "{}: {}", code.name(), self.status);
        steady(&mut body);
        serde_json::to_string_pretty(&body).unwrap()
    }
}

/// Ids, times and durations differ from run to run.
fn steady(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            for (name, value) in fields {
                let varies =
                    ["_id", "_at", "_timestamp", "_duration_s", "trace", "_hash"].iter().any(|end| name.ends_with(end));
                if varies && !value.is_null() {
                    *value = Value::from("…");
                } else {
                    steady(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(steady),
        _ => {}
    }
}

impl Http {
    pub async fn sign_in(creta: &Creta) -> Http {
        let credentials = creta.credentials();
        // A connection of its own for each request: some of them end theirs.
        let client = Client::builder().timeout(std::time::Duration::from_secs(30)).pool_max_idle_per_host(0);
        let client = client.build().unwrap();
        let url = credentials["url"].as_str().unwrap().to_owned();
        let mut http = Http { client, url, token: String::new() };
        let body = json!({
            "client_id": credentials["client_id"],
            "client_secret": credentials["client_secret"],
            "grant_type": "client_credentials",
        });
        let answer = http.post_text("/v1/oauth/token", body.to_string(), &[]).await;
        let answer: Value = serde_json::from_str(&answer.text).unwrap();
        http.token = answer["access_token"].as_str().unwrap().to_owned();
        http
    }

    pub async fn post_text(&self, path: &str, body: String, headers: &[(&str, &str)]) -> Answered {
        let mut request = self.client.post(format!("{}{path}", self.url)).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body)).await
    }

    pub async fn get(&self, path: &str) -> Answered {
        self.send(self.client.get(format!("{}{path}", self.url))).await
    }

    async fn delete(&self, path: &str) -> Answered {
        self.send(self.client.delete(format!("{}{path}", self.url))).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answered {
        let response = request.bearer_auth(&self.token).send().await.unwrap();
        let status = response.status().as_u16();
        Answered { text: response.text().await.unwrap(), status }
    }
}
