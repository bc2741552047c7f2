//! An error is a letter to its reader: a code, what happened, where in *their* file, what to do.
//!
//! [`Code`] is the one table from which the wire code, the HTTP status and the exit status of every letter follow.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A place in the user's project: a path relative to its root and a 1-based line.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub file: String,
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What the published wire format calls an error; the list is closed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireCode {
    InternalServerError,
    ParseFailed,
    ResolverNotFound,
    InvalidQuery,
    ValidationFailed,
    ResolverFailed,
    ResolverTimedOut,
    UpstreamFailed,
    Unauthenticated,
    Unauthorized,
    Cancelled,
    DeadlineExceeded,
}

impl WireCode {
    pub fn name(self) -> &'static str {
        match self {
            WireCode::InternalServerError => "INTERNAL_SERVER_ERROR",
            WireCode::ParseFailed => "PARSE_FAILED",
            WireCode::ResolverNotFound => "RESOLVER_NOT_FOUND",
            WireCode::InvalidQuery => "INVALID_QUERY",
            WireCode::ValidationFailed => "VALIDATION_FAILED",
            WireCode::ResolverFailed => "RESOLVER_FAILED",
            WireCode::ResolverTimedOut => "RESOLVER_TIMED_OUT",
            WireCode::UpstreamFailed => "UPSTREAM_FAILED",
            WireCode::Unauthenticated => "UNAUTHENTICATED",
            WireCode::Unauthorized => "UNAUTHORIZED",
            WireCode::Cancelled => "CANCELLED",
            WireCode::DeadlineExceeded => "DEADLINE_EXCEEDED",
        }
    }

    /// REQUEST errors come before any resolver runs, FIELD errors leave the rest of the answer standing.
    pub fn category(self) -> &'static str {
        match self {
            WireCode::ParseFailed | WireCode::ResolverNotFound | WireCode::InvalidQuery => "REQUEST",
            WireCode::ValidationFailed
            | WireCode::ResolverFailed
            | WireCode::ResolverTimedOut
            | WireCode::UpstreamFailed => "FIELD",
            _ => "NETWORK",
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident, $text:literal, $wire:ident, $http:literal, $exit:literal;)+) => {
        /// Every kind of letter. The documentation of each is the first line of its page in `docs/reference/errors.md`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code { $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)+ }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            pub fn name(self) -> &'static str { match self { $(Code::$name => $text,)+ } }
            pub fn wire(self) -> WireCode { match self { $(Code::$name => WireCode::$wire,)+ } }
            pub fn http_status(self) -> u16 { match self { $(Code::$name => $http,)+ } }
            pub fn exit_status(self) -> i32 { match self { $(Code::$name => $exit,)+ } }
            pub fn meaning(self) -> &'static str { match self { $(Code::$name => concat!($($doc),+).trim_ascii_start(),)+ } }
        }
    };
}

codes! {
    // Definitions: found by the SDK or by the server's check of a bundle, before anything is deployed.
    /// A definition uses a feature that does not exist.
    UnknownFeature, "unknown_feature", ParseFailed, 400, 2;
    /// Two definitions claim the same name.
    DuplicateDefinition, "duplicate_definition", ParseFailed, 400, 2;
    /// A feature class has two primary keys, or none.
    PrimaryKey, "primary_key", ParseFailed, 400, 2;
    /// A feature class has two feature times.
    FeatureTime, "feature_time", ParseFailed, 400, 2;
    /// Two classes can be joined in more than one way, or in none although the join is used.
    AmbiguousJoin, "ambiguous_join", ParseFailed, 400, 2;
    /// A feature or resolver lacks an annotation, or has one that is not understood.
    Annotation, "annotation", ParseFailed, 400, 2;
    /// Types do not fit together.
    TypeMismatch, "type_mismatch", ParseFailed, 400, 2;
    /// A `_` expression uses something that it cannot use.
    Expression, "expression", ParseFailed, 400, 2;
    /// A name, duration or option is not written as the grammar asks.
    InvalidDefinition, "invalid_definition", ParseFailed, 400, 2;
    /// A SQL statement does not parse, or its columns do not match features.
    Sql, "sql", ParseFailed, 400, 2;
    /// A definition names a source that is not declared.
    UnknownSource, "unknown_source", ParseFailed, 400, 2;
    /// A user's module cannot be imported.
    ImportFailed, "import_failed", ParseFailed, 400, 2;
    /// The bundle is of a format that this build does not know.
    BundleFormat, "bundle_format", ParseFailed, 400, 2;
    /// A stored feature would change its type.
    TypeChange, "type_change", ParseFailed, 409, 5;

    // Requests.
    /// The request body is not the JSON or Arrow that was expected.
    MalformedRequest, "malformed_request", ParseFailed, 400, 2;
    /// The request body is larger than the server accepts.
    BodyTooLarge, "body_too_large", ParseFailed, 413, 2;
    /// A query input or output names a feature that does not exist.
    UnknownQueryFeature, "unknown_query_feature", ParseFailed, 400, 2;
    /// A query input cannot be converted to its feature's type without loss.
    InvalidInput, "invalid_input", ParseFailed, 400, 2;
    /// The request contradicts itself or cannot be planned.
    InvalidQuery, "invalid_query", InvalidQuery, 400, 2;
    /// Several resolvers could produce a feature and none is preferred.
    AmbiguousResolver, "ambiguous_resolver", InvalidQuery, 400, 2;
    /// Nothing can produce a needed feature.
    ResolverNotFound, "resolver_not_found", ResolverNotFound, 400, 2;
    /// No named query of that name and version exists.
    UnknownNamedQuery, "unknown_named_query", InvalidQuery, 404, 2;
    /// No dataset, revision or deployment of that name exists.
    NotFound, "not_found", InvalidQuery, 404, 2;
    /// A cursor was to be set to an instant in the future.
    CursorInFuture, "cursor_in_future", InvalidQuery, 422, 2;
    /// The resolver is being run already.
    AlreadyRunning, "already_running", InvalidQuery, 409, 5;
    /// The server has no deployment yet.
    NothingDeployed, "nothing_deployed", InvalidQuery, 409, 5;

    // While answering.
    /// A resolver raised an exception.
    ResolverFailed, "resolver_failed", ResolverFailed, 200, 6;
    /// A resolver took longer than its timeout.
    ResolverTimedOut, "resolver_timed_out", ResolverTimedOut, 200, 7;
    /// A resolver's worker process died.
    WorkerDied, "worker_died", ResolverFailed, 200, 6;
    /// A value that a feature needs could not be computed.
    UpstreamFailed, "upstream_failed", UpstreamFailed, 200, 6;
    /// A resolver produced a value that does not fit its feature.
    ValidationFailed, "validation_failed", ValidationFailed, 200, 6;
    /// A source could not be read.
    SourceFailed, "source_failed", ResolverFailed, 200, 6;
    /// The client's deadline passed.
    DeadlineExceeded, "deadline_exceeded", DeadlineExceeded, 200, 7;
    /// The work was cancelled.
    Cancelled, "cancelled", Cancelled, 409, 6;

    // Who may.
    /// The client id or secret is wrong, or the token is unknown or expired.
    Unauthenticated, "unauthenticated", Unauthenticated, 401, 3;
    /// The caller is known but may not do this.
    Unauthorized, "unauthorized", Unauthorized, 403, 4;

    // Running a server.
    /// The port is taken by another process.
    PortTaken, "port_taken", InternalServerError, 409, 5;
    /// The data directory is in use by another process.
    DataDirectoryLocked, "data_directory_locked", InternalServerError, 409, 5;
    /// The data directory was written by a newer version.
    DataDirectoryNewer, "data_directory_newer", InternalServerError, 409, 5;
    /// A file that is needed does not exist or cannot be read.
    MissingFile, "missing_file", InternalServerError, 400, 2;
    /// No usable Python interpreter was found.
    PythonNotFound, "python_not_found", InternalServerError, 400, 2;
    /// The server cannot be reached.
    Unreachable, "unreachable", InternalServerError, 503, 6;
    /// The server has more work than it accepts.
    Overloaded, "overloaded", InternalServerError, 429, 6;
    /// A store could not be read or written.
    StoreFailed, "store_failed", InternalServerError, 500, 6;
    /// Creta broke one of its own rules; please report it.
    Bug, "bug", InternalServerError, 500, 6;
}

/// A letter. `message` says what happened, `fix` what the reader can do. User values never enter either in logs;
/// letters that quote a value are returned to the caller who supplied it only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Letter {
    pub code: Code,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolver: Option<String>,
    /// Display form of the primary key of the row concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
}

/// What user code raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    pub kind: String,
    pub message: String,
    pub stacktrace: String,
}

impl Letter {
    pub fn new(code: Code, message: impl Into<String>) -> Letter {
        Letter {
            code,
            message: message.into(),
            place: None,
            fix: None,
            feature: None,
            resolver: None,
            key: None,
            exception: None,
        }
    }

    #[must_use]
    pub fn at(mut self, place: &Place) -> Letter {
        self.place = Some(place.clone());
        self
    }

    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Letter {
        self.fix = Some(fix.into());
        self
    }

    #[must_use]
    pub fn feature(mut self, feature: impl Into<String>) -> Letter {
        self.feature = Some(feature.into());
        self
    }

    #[must_use]
    pub fn resolver(mut self, resolver: impl Into<String>) -> Letter {
        self.resolver = Some(resolver.into());
        self
    }

    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Letter {
        self.key = Some(key.into());
        self
    }

    #[must_use]
    pub fn exception(mut self, exception: Exception) -> Letter {
        self.exception = Some(exception);
        self
    }
}

/// The known name closest to a misspelt one, when it is close enough to be worth suggesting.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(name.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}
