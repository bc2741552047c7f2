//! The plan's shape: scopes of rows, numbered columns ("slots"), and the stages that fill them in order.

use crate::question::Question;
use creta_expr::{AggregateFunction, Bound, Program};
use creta_model::bundle::Count;
use creta_model::{DataType, EntityId, FeatureId, ResolverId, Value};
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

/// A column of a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub usize);

/// The plan of one question shape.
#[derive(Debug, Clone)]
pub struct Plan {
    pub question: Question,
    /// One scope per root namespace that the question touches; all have the request's rows.
    pub roots: Vec<Root>,
    pub outputs: Vec<PlannedOutput>,
    /// Things worth knowing that are not errors; shown by explain.
    pub warnings: Vec<String>,
}

/// A root namespace and where its given columns come from.
#[derive(Debug, Clone)]
pub struct Root {
    pub scope: ScopePlan,
    /// (position in `question.inputs`, slot).
    pub inputs: Vec<(usize, Slot)>,
}

/// One output column of the answer.
#[derive(Debug, Clone)]
pub struct PlannedOutput {
    pub name: String,
    /// Index into [`Plan::roots`].
    pub root: usize,
    pub slot: Slot,
    /// What the path ends at; None for whole rows.
    pub feature: Option<FeatureId>,
}

/// Rows of one entity, and how their columns come to be.
#[derive(Debug, Clone)]
pub struct ScopePlan {
    pub entity: EntityId,
    pub slots: Vec<SlotInfo>,
    /// The primary key's slot; always given before any stage runs.
    pub key: Option<Slot>,
    /// Read from the online store in one go before any stage.
    pub cached: Vec<CachedSlot>,
    /// Stored names of `cached`, in its order.
    pub cached_names: Vec<String>,
    /// Read from the offline store in one go before any stage.
    pub sampled: Vec<SampledSlot>,
    /// In dependency order: a stage only reads slots that earlier stages (or the stores, or the caller) fill.
    pub stages: Vec<Stage>,
    /// Whether any value of this scope depends on the query time.
    pub uses_time: bool,
}

#[derive(Debug, Clone)]
pub struct SlotInfo {
    /// Set for features of the scope's own entity.
    pub feature: Option<FeatureId>,
    /// What explain and letters call it.
    pub label: String,
    pub data_type: DataType,
    pub nullable: bool,
    /// Computed from a value that the caller gave besides the key, so never cached (decision 4).
    pub tainted: bool,
}

#[derive(Debug, Clone)]
pub struct CachedSlot {
    pub slot: Slot,
    /// Microseconds; a stored value of such an age is a hit.
    pub ages: RangeInclusive<i64>,
}

#[derive(Debug, Clone)]
pub struct SampledSlot {
    pub slot: Slot,
    pub name: String,
    /// Microseconds.
    pub time_to_live: Option<i64>,
    /// What was observed at the row's very time does not count.
    pub earlier: bool,
    /// The slot is the entity's feature time: it answers the newest instant among the scope's sampled values.
    pub is_feature_time: bool,
}

/// One step of a scope.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Slots that a row needs for this stage to run on it.
    pub inputs: Vec<Slot>,
    pub outputs: Vec<Slot>,
    pub action: Action,
}

#[derive(Debug, Clone)]
pub enum Action {
    Lookup(Lookup),
    Python(PythonCall),
    Expression(BoundProgram),
    Default(Value),
    HasOne(Box<HasOne>),
    HasMany(Box<HasMany>),
}

/// Rows of a SQL resolver, found by primary key, as of the row's time when the entity has a feature time.
#[derive(Debug, Clone)]
pub struct Lookup {
    pub resolver: ResolverId,
    /// Column of the statement that holds the primary key; None when parameters identify the row.
    pub key_column: Option<String>,
    /// Column that holds the feature time.
    pub time_column: Option<String>,
    /// Statement column per stage output.
    pub columns: Vec<String>,
    /// `:p0`, `:p1`, … in order.
    pub parameters: Vec<Argument>,
    pub count: Count,
}

/// Where one argument of a resolver comes from.
#[derive(Debug, Clone)]
pub enum Argument {
    Now,
    Slot {
        slot: Slot,
        optional: bool,
        default: Option<Value>,
    },
    /// An optional input that nothing can produce.
    Absent {
        default: Option<Value>,
    },
}

#[derive(Debug, Clone)]
pub struct PythonCall {
    pub resolver: ResolverId,
    /// (argument name as the worker knows it, where it comes from).
    pub arguments: Vec<(String, Argument)>,
    /// Feature name per stage output.
    pub outputs: Vec<String>,
    /// One call per batch with a DataFrame; rows come back keyed.
    pub frame: bool,
    /// Rows of a batch at most.
    pub max_batch_size: Option<NonZeroU32>,
    /// Rows come back in the order of the batch.
    pub one_to_one: bool,
    /// Name of the primary key feature in a frame's answer.
    pub key: String,
    /// Name of the feature time in the answer, when the resolver returns it.
    pub time: Option<String>,
}

/// A program and where its inputs come from.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundProgram {
    pub program: Program,
    pub inputs: Vec<ProgramInput>,
    /// Per input, whether a row without it is still evaluated.
    pub spared: Vec<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramInput {
    /// A slot of the scope the program runs in.
    Slot(Slot),
    /// A slot of the scope around it.
    Outer(Slot),
    Now,
}

/// Which row a scope looks at besides its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Other {
    /// The one behind a has-one relationship.
    Related(FeatureId),
    /// The only one of a singleton.
    Singleton(EntityId),
}

/// Features of the one related row: distinct foreign keys (and times) become the rows of `scope`.
#[derive(Debug, Clone)]
pub struct HasOne {
    pub other: Other,
    pub optional: bool,
    /// When the join is not on the foreign primary key: how to find the row.
    pub find: Option<Enumerate>,
    pub scope: ScopePlan,
    /// Slot of `scope` per stage output.
    pub exports: Vec<Slot>,
}

/// Rows of the related entity, and what is made of them.
#[derive(Debug, Clone)]
pub struct HasMany {
    pub relationship: FeatureId,
    pub enumerate: Enumerate,
    /// Scope of the child rows; columns of the enumerating resolver are given.
    pub scope: ScopePlan,
    /// One per stage output.
    pub products: Vec<Product>,
}

/// All rows of an entity whose join columns equal ours, from a resolver without inputs; or rows that the caller gave.
#[derive(Debug, Clone)]
pub struct Enumerate {
    pub lister: Lister,
    /// Columns of the listing with their slot in the child scope; of a resolver's, the primary key is among them
    /// unless nothing needs it.
    pub columns: Vec<(String, Slot)>,
    /// Child slots of the join columns, in the order of the stage's key inputs. Of rows that the caller gave: those
    /// that they do not give themselves, so that the parent's values stand for them.
    pub join: Vec<Slot>,
    /// Child slot of the feature time.
    pub time: Option<Slot>,
}

/// Who lists rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lister {
    Resolver(ResolverId),
    /// The caller: the stage's first input holds each parent's rows, before the key inputs.
    Caller,
}

/// What a has-many stage makes of one parent's rows.
#[derive(Debug, Clone)]
pub struct Product {
    pub bounds: Vec<ChildBound>,
    pub filters: Vec<BoundProgram>,
    pub limit: Option<u64>,
    pub kind: ProductKind,
}

/// [`Bound`] with the child's slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChildBound {
    pub slot: Slot,
    pub bound: Bound,
}

#[derive(Debug, Clone)]
pub enum ProductKind {
    Aggregate {
        function: AggregateFunction,
        value: Option<BoundProgram>,
        by: Option<BoundProgram>,
        quantile: Option<f64>,
        count: Option<u64>,
    },
    /// The rows themselves: a list of structs named by fully qualified child features.
    Rows { columns: Vec<(String, Slot)> },
    /// One child column as a list.
    Column(Slot),
}

impl Plan {
    /// The scope of an output.
    pub fn root_of(&self, output: &PlannedOutput) -> &ScopePlan {
        &self.roots[output.root].scope
    }
}
