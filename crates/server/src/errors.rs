//! Letters on the wire: error objects inside answers, and bodies of answers that are nothing but an error.

use axum::Json;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use creta_model::{Code, Graph, Letter};
use serde_json::{Map, Value, json};

/// What published Python clients cut a message at; longer ones only cost bytes.
const LONGEST_MESSAGE: usize = 10_000;

/// Why a request has no answer.
#[derive(Debug)]
pub struct Failure {
    letters: Vec<Letter>,
    /// Definitions are answered with letters as they are, queries with the objects of the wire format.
    as_letters: bool,
}

impl Failure {
    /// A failed query, upload or training set.
    pub fn query(letters: Vec<Letter>) -> Failure {
        Failure { letters, as_letters: false }
    }

    /// Definitions that cannot be deployed.
    pub fn definitions(letters: Vec<Letter>) -> Failure {
        Failure { letters, as_letters: true }
    }
}

impl From<Letter> for Failure {
    fn from(letter: Letter) -> Failure {
        Failure::query(vec![letter])
    }
}

impl From<Vec<Letter>> for Failure {
    fn from(letters: Vec<Letter>) -> Failure {
        Failure::query(letters)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let first = self.letters.first();
        let code = first.map_or(Code::Bug, |letter| letter.code);
        // A letter that usually travels inside an answer has no status of its own; alone it is a failure of ours.
        let status = StatusCode::from_u16(code.http_status()).ok().filter(|status| !status.is_success());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if status.is_server_error() {
            tracing::error!(code = code.name(), "request failed");
        }
        let detail = first.map_or("The request failed.", |letter| letter.message.as_str());
        let errors: Vec<Value> = match self.as_letters {
            true => self.letters.iter().map(|letter| json!(letter)).collect(),
            false => self.letters.iter().map(|letter| wire_error(letter, None)).collect(),
        };
        let body = json!({
            "detail": detail,
            "message": detail,
            "trace": null,
            "code": code.name(),
            "fix": first.and_then(|letter| letter.fix.as_deref()),
            "errors": errors,
        });
        let mut response = (status, Json(body)).into_response();
        if code == Code::BodyTooLarge {
            // The rest of the body is not read, so nothing else can travel on this connection; a client that is not told
            // would lose its next request.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// A letter as the wire format spells it, with our code, remedy and place beside its closed list of codes. With a
/// graph the error also says which feature its key belongs to.
pub fn wire_error(letter: &Letter, graph: Option<&Graph>) -> Value {
    let wire = letter.code.wire();
    let mut error = Map::new();
    error.insert("code".to_owned(), json!(wire.name()));
    error.insert("category".to_owned(), json!(wire.category()));
    error.insert("message".to_owned(), json!(cut(&letter.message)));
    error.insert("feature".to_owned(), json!(letter.feature));
    error.insert("resolver".to_owned(), json!(letter.resolver));
    error.insert("display_primary_key".to_owned(), json!(letter.key));
    let key_name = graph.filter(|_| letter.key.is_some()).and_then(|graph| key_of(letter, graph));
    error.insert("display_primary_key_fqn".to_owned(), json!(key_name));
    let exception = letter.exception.as_ref().map(|exception| {
        json!({
            "kind": exception.kind,
            "message": cut(&exception.message),
            "stacktrace": exception.stacktrace,
            "internal_stacktrace": null,
        })
    });
    error.insert("exception".to_owned(), json!(exception));
    error.insert("letter".to_owned(), json!(letter.code.name()));
    if let Some(fix) = &letter.fix {
        error.insert("fix".to_owned(), json!(fix));
    }
    if let Some(place) = &letter.place {
        error.insert("place".to_owned(), json!(place));
    }
    Value::Object(error)
}

fn key_of<'a>(letter: &Letter, graph: &'a Graph) -> Option<&'a str> {
    let namespace = letter.feature.as_deref()?.split('.').next()?;
    let key = graph.primary_key(graph.namespace(namespace)?)?;
    Some(&graph.feature(key).fqn)
}

fn cut(message: &str) -> &str {
    match message.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => &message[..end],
        None => message,
    }
}
