//! Lists.

use super::signature::Kind::{Bool, Float, Int, Number, Str};
use super::signature::{ITEM, Kind, LIST, fixed, ruled};
use super::{checks, family};
use creta_model::DataType;

family! {
    /// Lists. NaN counts as one value, above infinity; both zeros are equal.
    List {
        Array "array": fixed(&[ITEM], LIST).repeats();
        Cardinality "cardinality": fixed(&[LIST], Int);
        Contains "contains": fixed(&[LIST, ITEM], Bool);
        IsIn "is_in": fixed(&[ITEM, LIST], Bool);
        ElementAt "element_at": fixed(&[LIST, Int], ITEM);
        Slice "slice": fixed(&[LIST, Int, Int], LIST);
        Concat "concat": fixed(&[LIST, LIST], LIST);
        Sort "array_sort": fixed(&[LIST, Bool], LIST).optional(1);
        Distinct "array_distinct": fixed(&[LIST], LIST);
        Duplicates "array_duplicates": fixed(&[LIST], LIST);
        HasDuplicates "array_has_duplicates": fixed(&[LIST], Bool);
        Max "array_max": fixed(&[LIST], ITEM);
        Min "array_min": fixed(&[LIST], ITEM);
        Sum "array_sum": ruled(&[Kind::List(&Number)], item);
        Average "array_average": fixed(&[Kind::List(&Number)], Float);
        Median "array_median": fixed(&[Kind::List(&Float)], Float);
        Deviation "array_stddev": fixed(&[Kind::List(&Float)], Float);
        SampleDeviation "array_sample_stddev": fixed(&[Kind::List(&Float)], Float);
        Mode "array_mode": fixed(&[LIST, Str], ITEM).optional(1).checked(checks::tiebreak);
        CumulativeSum "array_cum_sum": ruled(&[Kind::List(&Number)], whole);
        AdjacentDifference "array_adjacent_difference": ruled(&[Kind::List(&Number)], whole);
        CountValue "array_count_value": fixed(&[LIST, ITEM], Int);
        Join "array_join": ruled(&[LIST, Str], joined);
        Position "array_position": fixed(&[LIST, ITEM], Int);
        Remove "array_remove": fixed(&[LIST, ITEM], LIST);
        Intersect "array_intersect": fixed(&[LIST, LIST], LIST);
        Except "array_except": fixed(&[LIST, LIST], LIST);
        Overlap "arrays_overlap": fixed(&[LIST, LIST], Bool);
        Flatten "flatten": fixed(&[Kind::List(&LIST)], LIST);
        RemoveNulls "remove_nulls": fixed(&[LIST], LIST);
        Sequence "sequence": fixed(&[Int, Int, Int], Kind::List(&Int)).optional(1).checked(checks::step);
        Shuffle "shuffle": fixed(&[LIST], LIST);
    }
}

fn whole(arguments: &[DataType]) -> Option<DataType> {
    item(arguments).map(|item| DataType::List(Box::new(item)))
}

fn item(arguments: &[DataType]) -> Option<DataType> {
    match arguments.first()? {
        DataType::List(item) => Some((**item).clone()),
        _ => Some(DataType::Float),
    }
}

/// Items that have one way to be written.
fn joined(arguments: &[DataType]) -> Option<DataType> {
    matches!(item(arguments)?, DataType::Str | DataType::Int).then_some(DataType::Str)
}
