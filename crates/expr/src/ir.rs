//! The typed tree that an expression lowers to.

use crate::functions::{Conditional, Function};
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

impl Program {
    /// Per input, whether a row without it is still evaluated: it is read inside of `recover` only.
    pub fn spared(&self) -> Vec<bool> {
        let mut spared = vec![true; self.inputs.len()];
        self.root.needs(&mut |input| spared[input] = false);
        spared
    }

    /// Takes over the inputs of another program and gives its root, in terms of its own inputs.
    pub fn adopt(&mut self, other: Program) -> Node {
        let place = |input: Input| match self.inputs.iter().position(|own| *own == input) {
            Some(known) => known,
            None => {
                self.inputs.push(input);
                self.inputs.len() - 1
            }
        };
        let places: Vec<usize> = other.inputs.into_iter().map(place).collect();
        self.nullable |= other.nullable;
        let mut root = other.root;
        root.renumber(&places);
        root
    }
}

impl Node {
    /// The value of a literal.
    pub fn constant(&self) -> Option<&Value> {
        match &self.kind {
            NodeKind::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Tells of every input that stands outside of `recover`.
    fn needs(&self, tell: &mut impl FnMut(usize)) {
        match &self.kind {
            NodeKind::Input(input) => tell(*input),
            NodeKind::Call { function: Function::Conditional(Conditional::Recover), .. } => {}
            NodeKind::Call { arguments, .. } => arguments.iter().for_each(|node| node.needs(tell)),
            NodeKind::Walk { arguments, lambdas, .. } => {
                arguments.iter().chain(lambdas).for_each(|node| node.needs(tell));
            }
            NodeKind::Literal(_) | NodeKind::Parameter { .. } => {}
        }
    }

    fn renumber(&mut self, places: &[usize]) {
        match &mut self.kind {
            NodeKind::Input(input) => *input = places[*input],
            NodeKind::Call { arguments, .. } => arguments.iter_mut().for_each(|node| node.renumber(places)),
            NodeKind::Walk { arguments, lambdas, .. } => {
                arguments.iter_mut().chain(lambdas).for_each(|node| node.renumber(places));
            }
            NodeKind::Literal(_) | NodeKind::Parameter { .. } => {}
        }
    }
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
    Call {
        function: Function,
        arguments: Vec<Node>,
    },
    /// A function of lists (and, for a fold, what it begins with) and of lambdas, by their bodies.
    Walk {
        walk: Walk,
        arguments: Vec<Node>,
        lambdas: Vec<Node>,
    },
    /// A parameter of the lambda that stands so deep inside of others.
    Parameter {
        depth: usize,
        position: usize,
    },
}

/// What is done with lambdas over lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Walk {
    Filter,
    Transform,
    Zip,
    Reduce,
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
    MaxByCount,
    MinByCount,
    ArrayAgg,
    SetAgg,
    SetUnion,
    ApproxTopK,
    Skewness,
    Kurtosis,
}

impl AggregateFunction {
    /// Whether rows at the same instant in another order may give another answer.
    pub fn depends_on_order(self) -> bool {
        use AggregateFunction as F;
        matches!(
            self,
            F::MaxBy | F::MinBy | F::MaxByCount | F::MinByCount | F::ArrayAgg | F::SetAgg | F::SetUnion | F::ApproxTopK
        )
    }
}
