//! The typed tree that an expression lowers to.

use crate::functions::Function;
use creta_model::graph::Path;
use creta_model::{DataType, FeatureId, Value};

/// An expression over numbered inputs, evaluated for a batch of rows at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Distinct; [`NodeKind::Input`] indexes into it.
    pub inputs: Vec<Input>,
    pub root: Node,
    /// Whether a row can be null although every required input is there.
    pub nullable: bool,
}

/// Where a program's column comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A feature of the row itself or reached through has-one relationships; `path.root` is the scope's entity.
    Feature(Path),
    /// The same, from the row of the scope around (`__`); only inside filters and values of aggregates.
    Outer(Path),
    /// The row's query time.
    Now,
    /// An aggregate over a has-many relationship of the row.
    Aggregate(Box<Aggregate>),
}

/// A typed node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub kind: NodeKind,
    pub data_type: DataType,
}

#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    Input(usize),
    Literal(Value),
    Call { function: Function, arguments: Vec<Node> },
}

/// `_.a.b.calls[value, filters…].function(by)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Has-one relationships walked before the has-many one.
    pub through: Vec<FeatureId>,
    /// The has-many relationship.
    pub rows: FeatureId,
    pub function: AggregateFunction,
    /// The aggregated column, in the scope of the child; None for a plain count.
    pub value: Option<Program>,
    /// The ordering column of `max_by` and `min_by`.
    pub by: Option<Program>,
    /// `approx_percentile`'s quantile.
    pub quantile: Option<f64>,
    /// How many values the `_n` and `_k` functions keep.
    pub count: Option<u64>,
    /// Filters of the form `child_column REL now + offset`; the rest is in `filters`.
    pub bounds: Vec<Bound>,
    /// Boolean programs in the scope of the child; a row stays when all are true (null drops it).
    pub filters: Vec<Program>,
    /// Keep this many rows, in (feature time, key) order.
    pub limit: Option<u64>,
    pub data_type: DataType,
}

/// `column REL now + offset`, exactly as the user wrote the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bound {
    /// A datetime feature of the child entity itself.
    pub column: FeatureId,
    pub relation: Relation,
    /// Microseconds added to the row's query time.
    pub offset: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Framework §4.2; deviations there are sample ones (ddof 1) unless `Population`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateFunction {
    Sum,
    Min,
    Max,
    Mean,
    Count,
    Any,
    All,
    StandardDeviation,
    Variance,
    StandardDeviationPopulation,
    VariancePopulation,
    ApproxCountDistinct,
    ApproxPercentile,
    MaxBy,
    MinBy,
    ArrayAgg,
}
