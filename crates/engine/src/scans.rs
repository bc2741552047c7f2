//! Rows of a resolver that lists them: a SQL statement without parameters, or a Python function without arguments.

use crate::context::{Context, internal};
use crate::duplicates;
use crate::kernels::timeline::Timeline;
use crate::kernels::versions::Versions;
use crate::stages::python::raised;
use arrow::array::{Array, ArrayRef, Int64Array, TimestampMicrosecondArray, UInt32Array, new_empty_array};
use arrow::compute::{concat, take};
use arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use creta_model::bundle::ResolverBody;
use creta_model::{Code, Letter, ResolverId, Value};
use creta_ports::arrays::cast;
use creta_ports::python::Call;
use creta_ports::source::{Predicate, Scan, ScanColumn};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;

/// A partition with more rows than this reads the whole source once for all partitions instead of sending keys.
const SCAN_WHOLE_FROM: usize = 1_000;
/// More values than this are not sent to a source (decision 23).
const MAX_KEYS: usize = 10_000;
/// How long a resolver without a timeout of its own may take.
pub(crate) const ONLINE_LIMIT: Duration = Duration::from_secs(30);
pub(crate) const OFFLINE_LIMIT: Duration = Duration::from_secs(18 * 3_600);

/// Which stored observations count. Microseconds, UTC, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryBounds {
    pub observed_from: Option<i64>,
    pub observed_until: Option<i64>,
    pub inserted_from: Option<i64>,
    pub inserted_until: Option<i64>,
}

/// What the partitions of one offline run share: whole scans of sources with what was worked out about them, and which
/// history they see.
#[derive(Default)]
pub struct Run {
    scans: Arc<Mutex<Vec<SharedListing>>>,
    pub(crate) history: HistoryBounds,
}

/// A resolver's whole listing, of some of its columns.
struct SharedListing {
    resolver: ResolverId,
    columns: BTreeSet<String>,
    listing: Arc<OnceCell<Arc<Listing>>>,
}

impl Run {
    /// The one listing for all that need these columns, or some of them.
    fn listing(&self, resolver: ResolverId, columns: &[&str]) -> Arc<OnceCell<Arc<Listing>>> {
        let mut scans = self.scans.lock().unwrap_or_else(PoisonError::into_inner);
        let serves = |shared: &&SharedListing| {
            shared.resolver == resolver && columns.iter().all(|column| shared.columns.contains(*column))
        };
        if let Some(known) = scans.iter().find(serves) {
            return known.listing.clone();
        }
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        scans.push(SharedListing { resolver, columns, listing: Arc::default() });
        scans[scans.len() - 1].listing.clone()
    }

    /// A part of this run that samples only observations within the bounds; scans are shared.
    pub fn within(&self, history: HistoryBounds) -> Run {
        Run { scans: self.scans.clone(), history }
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Run")
    }
}

/// Rows that a resolver listed. Columns keep the names the statement gives them.
struct Listing {
    batch: RecordBatch,
    time_column: Option<String>,
    /// By the columns that are joined on, and whether the primary key breaks ties.
    timelines: Mutex<HashMap<TimelineName, Arc<Timeline>>>,
    versions: OnceLock<Arc<Versions>>,
}

type TimelineName = (Vec<String>, Option<String>);

/// A resolver's listing: a part that was asked for, or the whole that a run shares.
#[derive(Clone)]
pub(crate) struct Found(Arc<Listing>);

impl Found {
    pub fn new(batch: RecordBatch, time_column: Option<String>) -> Found {
        let (timelines, versions) = Default::default();
        Found(Arc::new(Listing { batch, time_column, timelines, versions }))
    }

    pub fn rows(&self) -> usize {
        self.0.batch.num_rows()
    }

    pub fn column(&self, name: Option<&str>) -> Result<ArrayRef, Letter> {
        let name = name.unwrap_or_default();
        self.0
            .batch
            .column_by_name(name)
            .cloned()
            .ok_or_else(|| Letter::new(Code::ResolverFailed, format!("The resolver returned no column `{name}`.")))
    }

    /// Feature times in microseconds; all equal when the rows have none.
    pub fn times(&self) -> Int64Array {
        let column = self.0.time_column.as_deref().and_then(|name| self.0.batch.column_by_name(name));
        match column.and_then(|column| column.as_any().downcast_ref::<TimestampMicrosecondArray>()) {
            Some(times) => times.reinterpret_cast(),
            None => Int64Array::from_value(0, self.rows()),
        }
    }

    /// The rows in time order by these columns; equal times by `tie_breaker`, or else in source order.
    pub fn timeline(&self, join: &[&str], tie_breaker: Option<&str>) -> Result<Arc<Timeline>, Letter> {
        let name = (join.iter().map(|name| (*name).to_owned()).collect(), tie_breaker.map(str::to_owned));
        let mut known = self.0.timelines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(timeline) = known.get(&name) {
            return Ok(timeline.clone());
        }
        let columns = join.iter().map(|name| self.column(Some(name))).collect::<Result<Vec<_>, _>>()?;
        let ties = tie_breaker.map(|name| self.column(Some(name))).transpose()?;
        let timeline = Arc::new(Timeline::build(&columns, &self.times(), ties.as_slice()));
        known.insert(name, timeline.clone());
        Ok(timeline)
    }

    /// Which rows replace which, by the columns of the primary key; none does where there is no key.
    pub fn versions(&self, key: &[&str]) -> Result<Arc<Versions>, Letter> {
        if key.is_empty() {
            return Ok(Arc::new(Versions::single()));
        }
        let key = key.iter().map(|name| self.column(Some(name))).collect::<Result<Vec<_>, _>>()?;
        Ok(self.0.versions.get_or_init(|| Arc::new(Versions::of(&key, &self.times()))).clone())
    }

    fn assume_single(self) -> Found {
        let _ = self.0.versions.set(Arc::new(Versions::single()));
        self
    }
}

/// Rows wanted by the values of one column.
pub(crate) struct Wanted<'a> {
    pub resolver: ResolverId,
    /// The columns that are read; those of the join, the time and the versions are among them.
    pub columns: Vec<&'a str>,
    pub column: &'a str,
    pub values: &'a ArrayRef,
    pub time_column: Option<&'a str>,
    /// The column of the primary key, when all versions of a row are wanted as soon as one of them is.
    pub versions_of: Option<&'a str>,
    /// Microseconds, inclusive.
    pub from: Option<i64>,
    pub until: Option<i64>,
}

/// All rows whose column is among the values and whose time is within the bounds, with all versions of theirs if that
/// is asked; perhaps more.
pub(crate) async fn by_column(context: &Context<'_>, wanted: Wanted<'_>) -> Result<Found, Letter> {
    let found = listing(context, &wanted).await?;
    let is_single = wanted.versions_of.is_some_and(|key| is_unique(context, wanted.resolver, key));
    Ok(if is_single { found.assume_single() } else { found })
}

async fn listing(context: &Context<'_>, wanted: &Wanted<'_>) -> Result<Found, Letter> {
    let time_column = wanted.time_column.map(str::to_owned);
    if let Some(run) = context.run
        && wanted.values.len() > SCAN_WHOLE_FROM
    {
        let cell = run.listing(wanted.resolver, &wanted.columns);
        let whole = cell.get_or_try_init(|| async {
            let reading = Reading { columns: Some(&wanted.columns), ..Reading::default() };
            let batch = list(context, wanted.resolver, reading).await?;
            Ok(Found::new(batch, time_column).0)
        });
        return Ok(Found(whole.await?.clone()));
    }
    let predicates = predicates(context, wanted)?;
    let reading = Reading { columns: Some(&wanted.columns), predicates, ..Reading::default() };
    let batch = list(context, wanted.resolver, reading).await?;
    Ok(Found::new(batch, time_column))
}

fn predicates(context: &Context<'_>, wanted: &Wanted<'_>) -> Result<Vec<Predicate>, Letter> {
    let mut predicates = Vec::new();
    if let Some(column) = wanted.time_column {
        let column = || column.to_owned();
        let at_least = wanted.from.map(|from| Predicate::AtLeast { column: column(), value: Value::Datetime(from) });
        let at_most = wanted.until.map(|until| Predicate::AtMost { column: column(), value: Value::Datetime(until) });
        predicates.extend(at_least.into_iter().chain(at_most));
    }
    let values = distinct(wanted.values)?;
    if values.len() <= MAX_KEYS {
        let among = Predicate::In { column: wanted.column.to_owned(), values };
        match wanted.versions_of.filter(|key| !is_unique(context, wanted.resolver, key)) {
            Some(key) => {
                let passing = predicates.iter().cloned().chain([among]).collect();
                predicates.push(Predicate::Versions { key: key.to_owned(), passing });
            }
            None => predicates.push(among),
        }
    }
    Ok(predicates)
}

/// Whether the resolver promises at most one row per primary key, so that rows have no versions.
fn is_unique(context: &Context<'_>, resolver: ResolverId, key_column: &str) -> bool {
    let project = &context.deployment.project;
    let unique = &project.graph().resolver(resolver).unique_on;
    if duplicates::are_refused(project.graph(), resolver) {
        return false;
    }
    let columns = project.statement(resolver).map(|statement| statement.columns.as_slice()).unwrap_or_default();
    let key = columns.iter().find(|(name, _)| name == key_column).map(|(_, key)| &project.graph().feature(*key).name);
    key.is_some_and(|key| matches!(unique.as_slice(), [only] if only == key))
}

/// The rows of a statement whose parameters are bound.
pub(crate) async fn with_parameters(
    context: &Context<'_>,
    resolver: ResolverId,
    parameters: Vec<Value>,
) -> Result<Found, Letter> {
    let batch = list(context, resolver, Reading { parameters, ..Reading::default() }).await?;
    Ok(Found::new(batch, time_column(context, resolver)))
}

/// The column that holds the feature time of the rows.
pub(crate) fn time_column(context: &Context<'_>, resolver: ResolverId) -> Option<String> {
    let project = &context.deployment.project;
    let statement = project.statement(resolver)?;
    let time = project.graph().entity(statement.entity).feature_time;
    statement.columns.iter().find(|(_, feature)| Some(*feature) == time).map(|(name, _)| name.clone())
}

/// Which of its rows a resolver is asked for, and what of them.
#[derive(Default)]
pub(crate) struct Reading<'a> {
    /// Instead of the statement as the user wrote it.
    pub text: Option<&'a str>,
    /// None = all.
    pub columns: Option<&'a [&'a str]>,
    pub parameters: Vec<Value>,
    pub predicates: Vec<Predicate>,
}

fn distinct(values: &ArrayRef) -> Result<ArrayRef, Letter> {
    if values.len() <= 1 && values.null_count() == 0 {
        return Ok(values.clone());
    }
    let index = crate::kernels::keys::distinct(std::slice::from_ref(values), None);
    let kept: UInt32Array =
        index.representatives.iter().filter(|row| row.is_some_and(|row| values.is_valid(row as usize))).collect();
    take(values, &kept, None).map_err(internal)
}

/// Rows of a resolver; those of a Python function are all that it returns.
pub(crate) async fn list(
    context: &Context<'_>,
    resolver: ResolverId,
    reading: Reading<'_>,
) -> Result<RecordBatch, Letter> {
    match &context.deployment.project.graph().resolver(resolver).body {
        ResolverBody::Sql(_) => scan(context, resolver, reading).await,
        ResolverBody::Python(_) => call(context, resolver).await,
    }
}

async fn scan(context: &Context<'_>, resolver: ResolverId, reading: Reading<'_>) -> Result<RecordBatch, Letter> {
    let project = &context.deployment.project;
    let graph = project.graph();
    let statement = project.statement(resolver).ok_or_else(|| internal("the statement is not parsed"))?;
    let is_wanted = |name: &str| reading.columns.is_none_or(|columns| columns.contains(&name));
    let column = |(name, feature): &(String, creta_model::FeatureId)| ScanColumn {
        name: name.clone(),
        data_type: graph.scalar(*feature).map_or(creta_model::DataType::Str, |scalar| scalar.data_type.clone()),
    };
    let scan = Scan {
        statement: reading.text.unwrap_or(&statement.text).to_owned(),
        parameters: reading.parameters,
        columns: statement.columns.iter().filter(|(name, _)| is_wanted(name)).map(column).collect(),
        predicates: reading.predicates,
        resolver: graph.resolver(resolver).name.clone(),
        timeout: limit(context, resolver),
    };
    let batches = tokio::time::timeout(scan.timeout, context.deployment.source_of(resolver)?.scan(&scan))
        .await
        .map_err(|_| timed_out(context, resolver))??;
    let fields: Vec<Field> =
        scan.columns.iter().map(|column| Field::new(&column.name, column.data_type.arrow(), true)).collect();
    joined(Arc::new(Schema::new(fields)), batches)
}

/// All rows in one batch. Column by column, so that millions of rows are never there twice.
fn joined(schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<RecordBatch, Letter> {
    if let [only] = batches.as_slice() {
        return only.clone().with_schema(schema).map_err(internal);
    }
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::with_capacity(batches.len()); schema.fields().len()];
    for batch in batches {
        for (column, parts) in batch.columns().iter().zip(&mut parts) {
            parts.push(column.clone());
        }
    }
    let threads = if rows < ROWS_OF_A_THREAD { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
    let mut columns = Vec::with_capacity(parts.len());
    let mut waiting = parts.into_iter().zip(schema.fields());
    while columns.len() < schema.fields().len() {
        let some: Vec<(Vec<ArrayRef>, &FieldRef)> = waiting.by_ref().take(threads).collect();
        columns.extend(side_by_side(some)?);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(internal)
}

/// Fewer rows are not worth a thread.
const ROWS_OF_A_THREAD: usize = 500_000;

/// Some columns, each from its parts.
fn side_by_side(columns: Vec<(Vec<ArrayRef>, &FieldRef)>) -> Result<Vec<ArrayRef>, Letter> {
    let one = |(parts, field): (Vec<ArrayRef>, &FieldRef)| {
        let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
        match parts.is_empty() {
            true => Ok(new_empty_array(field.data_type())),
            false => concat(&parts).map_err(internal),
        }
    };
    if columns.len() <= 1 {
        return columns.into_iter().map(one).collect();
    }
    std::thread::scope(|scope| {
        let running: Vec<_> = columns.into_iter().map(|column| scope.spawn(|| one(column))).collect();
        running.into_iter().map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

async fn call(context: &Context<'_>, resolver: ResolverId) -> Result<RecordBatch, Letter> {
    let graph = context.deployment.project.graph();
    let name = graph.resolver(resolver).name.clone();
    let python = context.deployment.python.as_ref().ok_or_else(|| internal("no Python workers"))?;
    let call = Call {
        resolver: name.clone(),
        batch: None,
        rows: 0,
        timeout: limit(context, resolver),
        query_context: context.query_context.clone(),
    };
    let answer = python.call(call).await?;
    if let Some(error) = answer.errors.into_iter().next() {
        return Err(raised(context, resolver, &error));
    }
    typed(context, resolver, &answer.batch)
}

/// The answer's columns in the types of their features.
fn typed(context: &Context<'_>, resolver: ResolverId, batch: &RecordBatch) -> Result<RecordBatch, Letter> {
    let graph = context.deployment.project.graph();
    let namespace = match &graph.resolver(resolver).body {
        ResolverBody::Python(body) => body.entity.clone(),
        ResolverBody::Sql(_) => String::new(),
    };
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let scalar = graph.by_fqn(&format!("{namespace}.{}", field.name())).and_then(|feature| graph.scalar(feature));
        let Some(scalar) = scalar else { continue };
        columns.push(cast(column, &scalar.data_type)?);
        fields.push(Field::new(field.name(), scalar.data_type.arrow(), true));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(internal)
}

/// How long one call of a resolver may take.
pub(crate) fn limit(context: &Context<'_>, resolver: ResolverId) -> Duration {
    let declared = context.deployment.project.graph().resolver(resolver).timeout;
    match declared.and_then(|micros| u64::try_from(micros).ok()) {
        Some(micros) => Duration::from_micros(micros),
        None if context.offline => OFFLINE_LIMIT,
        None => ONLINE_LIMIT,
    }
}

fn timed_out(context: &Context<'_>, resolver: ResolverId) -> Letter {
    let node = context.deployment.project.graph().resolver(resolver);
    let limit = creta_model::duration::display(i64::try_from(limit(context, resolver).as_micros()).unwrap_or(i64::MAX));
    Letter::new(Code::ResolverTimedOut, format!("`{}` took longer than {limit}.", node.name)).at(&node.place)
}
