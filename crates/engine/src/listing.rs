//! All rows of a resolver that needs nothing given, ready to be stored.

use crate::context::{Context, internal};
use crate::duplicates;
use crate::scans::{self, Found, Reading};
use crate::validation::failing;
use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, TimestampMicrosecondArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use creta_model::{Code, EntityId, FeatureId, Graph, Letter, ResolverId, Value};
use creta_plan::{EVERYTHING, ParameterOf};
use creta_ports::source::Predicate;

/// Which rows are wanted. Microseconds, UTC, inclusive.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extent {
    /// The lower bound of an incremental statement; None reads everything.
    pub since: Option<i64>,
    /// Bounds of the feature time.
    pub from: Option<i64>,
    pub until: Option<i64>,
}

/// Rows as a resolver listed them.
#[derive(Debug)]
pub struct Listed {
    pub entity: EntityId,
    /// Rows without a key cannot be stored; they are null here.
    pub keys: ArrayRef,
    /// Feature times; None when the rows have none.
    pub times: Option<Int64Array>,
    pub columns: Vec<ListedColumn>,
    /// What cannot be stored, per column and not per row.
    pub letters: Vec<Letter>,
}

/// Values of one feature.
#[derive(Debug)]
pub struct ListedColumn {
    pub feature: FeatureId,
    pub values: ArrayRef,
    /// Which of them the feature accepts.
    pub accepted: Vec<bool>,
}

/// Letters: those of the resolver; `invalid_query` for a resolver that needs inputs, that yields no key, or that has no
/// feature time although bounds of it are given.
pub(crate) async fn list(context: &Context<'_>, resolver: ResolverId, extent: Extent) -> Result<Listed, Letter> {
    let project = &context.deployment.project;
    let graph = project.graph();
    let name = &graph.resolver(resolver).name;
    if !project.lists(resolver) {
        let message = format!("`{name}` needs inputs, so it has no rows of its own.");
        let fix = "Ask for its features with `offline_query(…, recompute_features=True, store_online=True)`.";
        return Err(Letter::new(Code::InvalidQuery, message).fix(fix));
    }
    let outputs = project.outputs(resolver);
    let entity = outputs.first().map(|(_, feature)| graph.feature(*feature).entity);
    let entity = entity.ok_or_else(|| internal("the resolver has no outputs"))?;
    let column = |wanted: Option<FeatureId>| {
        outputs.iter().find(|(_, feature)| Some(*feature) == wanted).map(|(column, _)| column.as_str())
    };
    let key = column(graph.primary_key(entity)).ok_or_else(|| {
        let class = &graph.entity(entity).class;
        Letter::new(Code::InvalidQuery, format!("`{name}` does not return the primary key of {class}."))
            .fix("Values are stored under their key; return it with every row.")
    })?;
    let time = column(graph.entity(entity).feature_time);
    let bounds = bounds(name, time, extent)?;
    let batch = scans::list(context, resolver, reading(context, resolver, extent, bounds)).await?;
    let batch = within(batch, time, extent)?;
    check_duplicates(graph, resolver, &batch, key, time)?;
    let mut listed = Listed {
        entity,
        keys: named(&batch, key)?,
        times: time.map(|time| named(&batch, time).map(|column| instants(&column))).transpose()?,
        columns: Vec::with_capacity(outputs.len()),
        letters: Vec::new(),
    };
    for (column, feature) in outputs.iter().filter(|(column, _)| column != key) {
        listed.accept(graph, *feature, named(&batch, column)?);
    }
    listed.tell_of_missing(graph);
    Ok(listed)
}

impl Listed {
    fn accept(&mut self, graph: &Graph, feature: FeatureId, values: ArrayRef) {
        let Some(scalar) = graph.scalar(feature) else { return };
        let is_time = graph.entity(self.entity).feature_time == Some(feature);
        let mut accepted = vec![true; values.len()];
        if let Some(failing) = failing(scalar.validations.iter().filter(|limits| limits.strict), &values) {
            accepted = failing.into_iter().map(|fails| !fails).collect();
            let refused = accepted.iter().filter(|accepted| !**accepted).count();
            self.tell(graph, feature, refused, "are outside of its strict limits");
        }
        if values.null_count() > 0 && !scalar.nullable && !is_time {
            accepted.iter_mut().enumerate().for_each(|(row, accepted)| *accepted &= values.is_valid(row));
            self.tell(graph, feature, values.null_count(), "are null, which it cannot be");
        }
        self.columns.push(ListedColumn { feature, values, accepted });
    }

    fn tell(&mut self, graph: &Graph, feature: FeatureId, count: usize, why: &str) {
        let fqn = &graph.feature(feature).fqn;
        let message = format!("{count} values of `{fqn}` {why}; they were not stored.");
        self.letters.push(Letter::new(Code::ValidationFailed, message).feature(fqn));
    }

    fn tell_of_missing(&mut self, graph: &Graph) {
        let node = graph.entity(self.entity);
        let (keys, times) = (self.keys.null_count(), self.times.as_ref().map_or(0, Array::null_count));
        for (feature, count) in [(node.primary_key, keys), (node.feature_time, times)] {
            if let Some(feature) = feature.filter(|_| count > 0) {
                self.tell(graph, feature, count, "are null, so their rows have no place");
            }
        }
    }
}

fn check_duplicates(
    graph: &Graph,
    resolver: ResolverId,
    batch: &RecordBatch,
    key: &str,
    time: Option<&str>,
) -> Result<(), Letter> {
    if !duplicates::are_refused(graph, resolver) {
        return Ok(());
    }
    let found = Found::new(batch.clone(), time.map(str::to_owned));
    match found.versions(&[key])?.any_by_order() {
        true => Err(duplicates::letter(graph, resolver)),
        false => Ok(()),
    }
}

/// Bounds as predicates. Errors: there is nothing that they could bound.
fn bounds(name: &str, time: Option<&str>, extent: Extent) -> Result<Vec<Predicate>, Letter> {
    let Some(time) = time else {
        return match (extent.from, extent.until) {
            (None, None) => Ok(Vec::new()),
            _ => {
                Err(Letter::new(Code::InvalidQuery, format!("`{name}` returns no feature time that could be bounded."))
                    .fix("Leave out the bounds."))
            }
        };
    };
    let column = || time.to_owned();
    let from = extent.from.map(|from| Predicate::AtLeast { column: column(), value: Value::Datetime(from) });
    let until = extent.until.map(|until| Predicate::AtMost { column: column(), value: Value::Datetime(until) });
    Ok(from.into_iter().chain(until).collect())
}

fn reading<'a>(context: &Context<'a>, resolver: ResolverId, extent: Extent, predicates: Vec<Predicate>) -> Reading<'a> {
    let Some(statement) = context.deployment.project.statement(resolver) else { return Reading::default() };
    let value = |parameter: &ParameterOf| match parameter {
        ParameterOf::Now => Value::Datetime(context.started_at),
        ParameterOf::Since => Value::Datetime(extent.since.unwrap_or(EVERYTHING)),
        ParameterOf::Feature(_) => Value::Null,
    };
    let text = statement.since.as_deref().filter(|_| extent.since.is_some());
    let own = statement.parameters.iter().map(|parameter| value(&parameter.of));
    let parameters = own.chain(text.and(extent.since).map(Value::Datetime)).collect();
    Reading { text, columns: None, parameters, predicates }
}

/// What a source was free to return besides is left out.
fn within(batch: RecordBatch, time: Option<&str>, extent: Extent) -> Result<RecordBatch, Letter> {
    let (Some(time), true) = (time, extent.from.is_some() || extent.until.is_some()) else { return Ok(batch) };
    let times = instants(&named(&batch, time)?);
    let inside = |at: i64| extent.from.is_none_or(|from| at >= from) && extent.until.is_none_or(|until| at <= until);
    let inside: BooleanArray = times.iter().map(|at| Some(at.is_some_and(inside))).collect();
    filter_record_batch(&batch, &inside).map_err(internal)
}

fn named(batch: &RecordBatch, column: &str) -> Result<ArrayRef, Letter> {
    batch
        .column_by_name(column)
        .cloned()
        .ok_or_else(|| Letter::new(Code::ResolverFailed, format!("The resolver returned no column `{column}`.")))
}

fn instants(column: &ArrayRef) -> Int64Array {
    match column.as_any().downcast_ref::<TimestampMicrosecondArray>() {
        Some(times) => times.reinterpret_cast(),
        None => Int64Array::new_null(column.len()),
    }
}
