//! Signed links: uploaded spines in, result files out, whole or by range. No token is asked for here.

use crate::body::Body;
use crate::errors::Failure;
use crate::state::AppState;
use axum::body::Body as Stream;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use creta_control::Purpose;
use creta_model::duration::DAY;
use creta_model::{Code, Letter};
use std::io::SeekFrom;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// How long a link works, in microseconds.
const LIFETIME: i64 = DAY;

/// Bytes read from a file at a time.
const CHUNK: u64 = 256 << 10;

/// The address under which the caller reached us, which is also the one it can use next.
pub(super) fn base_url(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let scheme = headers.get("x-forwarded-proto").and_then(|scheme| scheme.to_str().ok()).unwrap_or("http");
    format!("{scheme}://{host}")
}

/// A link to a blob named `folder/id/file`; the file is the fourth segment, where published clients look for it.
pub(super) fn link(state: &AppState, headers: &HeaderMap, purpose: Purpose, blob: &str) -> Option<String> {
    let (folder_and_id, file) = blob.rsplit_once('/')?;
    let signature = state.links.sign(purpose, blob, LIFETIME);
    Some(format!("{}/{folder_and_id}/{signature}/{file}", base_url(headers)))
}

/// `PUT /uploads/{id}/{signature}/{file}`
pub(super) async fn write(
    State(state): State<AppState>,
    Path((id, signature, file)): Path<(String, String, String)>,
    Body(body): Body,
) -> Result<Response, Failure> {
    let name = format!("uploads/{id}/{file}");
    require(&state, Purpose::Write, &name, &signature)?;
    state.blobs.put(&name, body.into()).await?;
    Ok(StatusCode::OK.into_response())
}

/// `GET` and `HEAD /datasets/{id}/{signature}/{file}`
pub(super) async fn read(
    State(state): State<AppState>,
    Path((id, signature, file)): Path<(String, String, String)>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let name = format!("datasets/{id}/{file}");
    require(&state, Purpose::Read, &name, &signature)?;
    let path = state.blobs.local(&name).await?;
    let file = File::open(path).await.map_err(|error| unreadable(&error))?;
    let length = file.metadata().await.map_err(|error| unreadable(&error))?.len();
    let asked = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let common = [(header::ACCEPT_RANGES, "bytes"), (header::CONTENT_TYPE, "application/octet-stream")];
    let (status, range, first, count) = match asked.map(|asked| range(asked, length)) {
        None | Some(Range::Ignored) => (StatusCode::OK, None, 0, length),
        Some(Range::Bytes { first, last }) => {
            (StatusCode::PARTIAL_CONTENT, Some(format!("bytes {first}-{last}/{length}")), first, last - first + 1)
        }
        Some(Range::Unsatisfiable) => (StatusCode::RANGE_NOT_SATISFIABLE, Some(format!("bytes */{length}")), 0, 0),
    };
    let body = match method == Method::HEAD || count == 0 {
        true => Stream::empty(),
        false => part(file, first, count).await.map_err(|error| unreadable(&error))?,
    };
    let length = [(header::CONTENT_LENGTH, count.to_string())];
    let range = range.map(|range| [(header::CONTENT_RANGE, range)]);
    Ok(match range {
        Some(range) => (status, common, length, range, body).into_response(),
        None => (status, common, length, body).into_response(),
    })
}

/// What a `Range` header asks of a file.
#[derive(Debug, PartialEq, Eq)]
enum Range {
    Bytes {
        first: u64,
        last: u64,
    },
    Unsatisfiable,
    /// Not one range of bytes; such headers are answered with the whole file (RFC 9110).
    Ignored,
}

fn range(asked: &str, length: u64) -> Range {
    let Some((first, last)) = asked.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Range::Ignored;
    };
    let bounds = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(length.saturating_sub(1))),
        (Ok(first), Err(_)) if last.is_empty() => (first, length.saturating_sub(1)),
        (Err(_), Ok(0)) if first.is_empty() => return Range::Unsatisfiable,
        (Err(_), Ok(count)) if first.is_empty() => (length.saturating_sub(count), length.saturating_sub(1)),
        _ => return Range::Ignored,
    };
    match bounds {
        (first, last) if first < length => Range::Bytes { first, last },
        _ => Range::Unsatisfiable,
    }
}

/// A part of a file, read as the caller takes it.
async fn part(mut file: File, first: u64, count: u64) -> std::io::Result<Stream> {
    file.seek(SeekFrom::Start(first)).await?;
    let chunks = futures::stream::try_unfold((file, count), |(mut file, left)| async move {
        if left == 0 {
            return Ok::<_, std::io::Error>(None);
        }
        let mut chunk = vec![0; left.min(CHUNK) as usize];
        file.read_exact(&mut chunk).await?;
        let left = left - chunk.len() as u64;
        Ok(Some((chunk, (file, left))))
    });
    Ok(Stream::from_stream(chunks))
}

fn require(state: &AppState, purpose: Purpose, name: &str, signature: &str) -> Result<(), Letter> {
    match state.links.allows(purpose, name, signature) {
        true => Ok(()),
        false => Err(Letter::new(Code::Unauthorized, "The link is wrong or has expired.").fix("Ask for a new link.")),
    }
}

fn unreadable(error: &std::io::Error) -> Letter {
    Letter::new(Code::StoreFailed, format!("A result file cannot be read: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_all_readers() {
        assert_eq!(range("bytes=0-9", 100), Range::Bytes { first: 0, last: 9 });
        assert_eq!(range("bytes=90-", 100), Range::Bytes { first: 90, last: 99 });
        assert_eq!(range("bytes=95-200", 100), Range::Bytes { first: 95, last: 99 });
        assert_eq!(range("bytes=-8", 100), Range::Bytes { first: 92, last: 99 });
        assert_eq!(range("bytes=-262144", 100), Range::Bytes { first: 0, last: 99 });
        assert_eq!(range("bytes=100-", 100), Range::Unsatisfiable);
        assert_eq!(range("bytes=-0", 100), Range::Unsatisfiable);
        assert_eq!(range("bytes=0-", 0), Range::Unsatisfiable);
        assert_eq!(range("bytes=5-4", 100), Range::Ignored);
        assert_eq!(range("bytes=0-1,5-6", 100), Range::Ignored);
        assert_eq!(range("rows=1-2", 100), Range::Ignored);
    }
}
