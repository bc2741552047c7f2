//! The durable description of a project: what the SDK exports, `apply` uploads and the metadata store keeps.
//!
//! A bundle is canonical JSON (keys sorted, no optional field written when it is absent), so two bundles can be
//! compared as text. User code is not in it: `archive` names the source archive by its SHA-256.

use crate::data_type::DataType;
use crate::errors::Place;
use crate::expression::Expression;
pub use crate::incremental::{CursorOf, Incremental, IncrementalMode};
pub use crate::resolver::{
    Count, DuplicateOutputs, Input, Parameter, PythonBody, Resolver, ResolverBody, ResolverKind, SqlBody,
};
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The bundle format this build writes and reads.
pub const FORMAT: u32 = 1;

/// Everything a project defines. `format` is checked before anything else is believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    pub format: u32,
    pub project: String,
    /// SHA-256 (hex) of the source archive; absent when the project has no Python resolver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    pub entities: Vec<Entity>,
    #[serde(default)]
    pub resolvers: Vec<Resolver>,
    #[serde(default)]
    pub sources: Vec<Source>,
    #[serde(default)]
    pub named_queries: Vec<NamedQuery>,
    /// What the project asks of the metadata of its own features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata_rules: Vec<MetadataRule>,
}

/// A feature class: a namespace, its key, its clock and its features.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    pub namespace: String,
    /// The Python class name, as SQL headers spell it in `resolves:`.
    pub class: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub singleton: bool,
    /// Name of the primary key feature; absent only for singletons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<String>,
    /// Name of the feature time feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_time: Option<String>,
    pub features: Vec<Feature>,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    pub place: Place,
}

/// Words about a definition; they never change an answer, tags of resolvers excepted.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl Metadata {
    pub(crate) fn is_empty(&self) -> bool {
        self == &Metadata::default()
    }
}

/// `{name: owner, missing: error}` of creta.yaml: how bad it is when a feature lacks this word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetadataRule {
    pub name: MetadataWord,
    pub missing: Severity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetadataWord {
    Owner,
    Description,
    Tags,
}

/// How bad a finding is; only errors block a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    Warning,
    Info,
}

/// One feature as the user declared it. Windowed features are expanded to one per window by [`crate::Graph`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// The name, unique in the entity among features of one version.
    pub name: String,
    /// Which version of the feature this is; absent for features without versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// The version that the bare name means; the same for all versions of a feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_version: Option<u32>,
    pub kind: FeatureKind,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    pub place: Place,
}

impl Feature {
    /// `name`, or `name@2` for a version that the bare name does not mean.
    pub fn label(&self, name: &str) -> String {
        match self.version {
            Some(version) if version != self.default_version.unwrap_or(1) => format!("{name}@{version}"),
            _ => name.to_owned(),
        }
    }

    /// The name under which values are stored. The first version has the plain one, so a feature that gains versions
    /// keeps its history, and so does one whose default moves on.
    pub fn stored_name(&self, name: &str) -> String {
        match self.version {
            Some(version) if version > 1 => format!("{name}@{version}"),
            _ => name.to_owned(),
        }
    }
}

/// What a feature is: a value, a value per window, or a relationship.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FeatureKind {
    Scalar(Scalar),
    Windowed(Windowed),
    HasOne(Relationship),
    HasMany(Relationship),
}

/// A feature with one value per row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scalar {
    #[serde(rename = "type")]
    pub data_type: DataType,
    #[serde(default, skip_serializing_if = "is_false")]
    pub nullable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression: Option<Expression>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline_expression: Option<Expression>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(default, skip_serializing_if = "Caching::is_default")]
    pub caching: Caching,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<Validation>,
}

/// Limits of a feature's values, all inclusive: numbers by `min` and `max`, texts, bytes and lists by their length.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// A value outside fails; otherwise it is answered and stored, marked as not valid.
    #[serde(default, skip_serializing_if = "is_false")]
    pub strict: bool,
}

/// How long a value may be served from the stores. Durations are microseconds; "infinity" is 36,500 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caching {
    /// 0 = never read from or written to the online store.
    #[serde(default)]
    pub max_staleness: i64,
    /// Offline values older than this are null; absent = no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline_ttl: Option<i64>,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub store_online: bool,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub store_offline: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub etl_offline_to_online: bool,
    #[serde(default, skip_serializing_if = "CachePolicy::is_keep")]
    pub nulls: CachePolicy,
    #[serde(default, skip_serializing_if = "CachePolicy::is_keep")]
    pub defaults: CachePolicy,
}

impl Default for Caching {
    fn default() -> Self {
        Caching {
            max_staleness: 0,
            offline_ttl: None,
            store_online: true,
            store_offline: true,
            etl_offline_to_online: false,
            nulls: CachePolicy::Write,
            defaults: CachePolicy::Write,
        }
    }
}

impl Caching {
    fn is_default(&self) -> bool {
        self == &Caching::default()
    }
}

/// What happens to the online entry when a null (or a default) is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CachePolicy {
    /// Store it like any other value.
    #[default]
    Write,
    /// Leave the older entry in place.
    Skip,
    /// Delete the older entry.
    Evict,
}

impl CachePolicy {
    fn is_keep(&self) -> bool {
        *self == CachePolicy::Write
    }
}

/// One declaration, one feature per window. `scalar.expression` may use the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windowed {
    /// Window lengths in microseconds, as declared.
    pub windows: Vec<i64>,
    pub scalar: Scalar,
    /// Columns of the aggregated rows that the values are grouped by; none for a plain window.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_by: Vec<String>,
}

/// A has-one or has-many relationship: equalities between our columns and the other entity's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relationship {
    /// Namespace of the other entity.
    pub entity: String,
    /// `Berth | None`: no foreign row is a null, not an error.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    pub on: Vec<JoinPair>,
}

/// `local` (our feature) equals `foreign` (theirs).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JoinPair {
    pub local: String,
    pub foreign: String,
}

/// A named place that rows are read from. Relative paths are relative to the project's root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub name: String,
    pub kind: SourceKind,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SourceKind {
    Sqlite {
        path: String,
    },
    /// Every table is a file (or folder of files): table name → path.
    Parquet {
        tables: BTreeMap<String, String>,
    },
    Csv {
        tables: BTreeMap<String, String>,
    },
    Postgres(PostgresSettings),
}

/// How a PostgreSQL database is reached. The password is never in a bundle: only the server's environment has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresSettings {
    pub host: Setting,
    pub port: Setting,
    pub database: Setting,
    pub user: Setting,
    pub password: Variable,
    pub sslmode: Setting,
    pub sslrootcert: Setting,
}

/// A setting of a source: as written, or found in the server's environment when the project is activated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    Value(String),
    Variable(String),
}

/// A setting that is only ever found in the server's environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    pub variable: String,
}

/// A query that applications call by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedQuery {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    pub input: Vec<String>,
    pub output: Vec<String>,
    /// Feature → microseconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub staleness: BTreeMap<String, i64>,
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    pub place: Place,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_true(value: &bool) -> bool {
    *value
}
