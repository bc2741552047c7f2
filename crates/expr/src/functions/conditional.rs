//! Nulls, choices, and conversion.

use super::family;
use super::operators::equality;
use super::signature::{Kind::Any, fixed, ruled};
use crate::functions::signature::Kind;
use creta_model::DataType;

family! {
    /// Nulls, choices, and conversion.
    Conditional {
        Coalesce "coalesce": ruled(&[Any], widest).repeats();
        Recover "recover": ruled(&[Any], widest).repeats();
        IsNull "is_null": fixed(&[Any], Kind::Bool);
        IsNotNull "is_not_null": fixed(&[Any], Kind::Bool);
        DistinctFrom "distinct_from": ruled(&[Any, Any], equality);
        When "when": ruled(&[Any, Any, Any], branches).repeats();
        IfThenElse "if_then_else": ruled(&[Kind::Bool, Any, Any], branches);
        // The lowering types these two: by the option `type`, and by the option `names`.
        Cast "cast": ruled(&[Any], any);
        StructPack "struct_pack": ruled(&[Any], any).repeats();
        // `of.field`, with the field's position as second argument.
        Field "field": fixed(&[Any, Kind::Int], Kind::Bool);
        // Key, whether it descends, whether its nulls come first, and so on; only aggregates have a use for it.
        SortOrder "sort_order": ruled(&[Any], |_| None).repeats();
        Greatest "greatest": ruled(&[Any], widest).repeats();
        Least "least": ruled(&[Any], widest).repeats();
    }
}

impl Conditional {
    /// Whether arguments are evaluated only for the rows that take them.
    pub fn is_lazy(self) -> bool {
        matches!(self, Conditional::Coalesce | Conditional::Recover | Conditional::When | Conditional::IfThenElse)
    }
}

fn any(arguments: &[DataType]) -> Option<DataType> {
    arguments.first().cloned()
}

pub(super) fn widest(arguments: &[DataType]) -> Option<DataType> {
    let first = arguments.first()?;
    if arguments.iter().all(|argument| argument == first) {
        return Some(first.clone());
    }
    arguments.iter().all(DataType::is_number).then_some(DataType::Float)
}

/// Condition, value, condition, value, …, otherwise.
fn branches(arguments: &[DataType]) -> Option<DataType> {
    if arguments.len().is_multiple_of(2) {
        return None;
    }
    let (otherwise, pairs) = arguments.split_last()?;
    let conditions = pairs.iter().step_by(2).all(|condition| *condition == DataType::Bool);
    let values: Vec<DataType> = pairs.iter().skip(1).step_by(2).chain([otherwise]).cloned().collect();
    widest(&values).filter(|_| conditions)
}
