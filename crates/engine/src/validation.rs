//! The limits that a feature declares for its values (framework §12). Nulls are not checked.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Float64Type};
use creta_model::bundle::Validation;

/// Per row, whether the value passes all of these; None when all do.
pub(crate) fn failing<'a>(
    validations: impl Iterator<Item = &'a Validation> + Clone,
    values: &ArrayRef,
) -> Option<Vec<bool>> {
    validations.clone().next()?;
    let sizes = Sizes::of(values)?;
    let fails = |row: usize| values.is_valid(row) && !validations.clone().all(|limits| sizes.within(row, limits));
    let failing: Vec<bool> = (0..values.len()).map(fails).collect();
    failing.contains(&true).then_some(failing)
}

/// What limits are compared with: the number itself, or how long the value is.
enum Sizes {
    Numbers(ArrayRef),
    Lengths(Vec<u64>),
}

impl Sizes {
    fn of(values: &ArrayRef) -> Option<Sizes> {
        let rows = 0..values.len();
        Some(match values.data_type() {
            ArrowType::Int64 | ArrowType::Float64 => Sizes::Numbers(cast(values, &ArrowType::Float64).ok()?),
            ArrowType::LargeUtf8 => {
                let texts = values.as_string::<i64>();
                Sizes::Lengths(rows.map(|row| texts.value(row).chars().count() as u64).collect())
            }
            ArrowType::LargeBinary => {
                let bytes = values.as_binary::<i64>();
                Sizes::Lengths(rows.map(|row| bytes.value(row).len() as u64).collect())
            }
            ArrowType::LargeList(_) => {
                let lists = values.as_list::<i64>();
                Sizes::Lengths(rows.map(|row| lists.value_length(row) as u64).collect())
            }
            _ => return None,
        })
    }

    /// Limits are inclusive; NaN is within none.
    fn within(&self, row: usize, limits: &Validation) -> bool {
        match self {
            Sizes::Numbers(numbers) => {
                let number = numbers.as_primitive::<Float64Type>().value(row);
                limits.min.is_none_or(|min| number >= min) && limits.max.is_none_or(|max| number <= max)
            }
            Sizes::Lengths(lengths) => {
                let length = lengths[row];
                limits.min_length.is_none_or(|min| length >= min) && limits.max_length.is_none_or(|max| length <= max)
            }
        }
    }
}
