//! Values as bytes that compare as the values do: all NaN are one, above infinity, and both zeros are one.

use crate::context::internal;
use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType as ArrowType, Float64Type};
use arrow::row::{RowConverter, Rows, SortField};
use creta_model::Letter;
use std::sync::Arc;

pub(crate) struct Keys {
    columns: Vec<ArrayRef>,
    rows: Vec<Rows>,
}

impl Keys {
    /// Of columns that are compared with each other. Dates inside of lists are of another width than outside.
    pub fn of(columns: &[ArrayRef]) -> Result<Keys, Letter> {
        let data_type = columns.first().map_or(ArrowType::Null, |column| column.data_type().clone());
        let same = |column: &ArrayRef| match *column.data_type() == data_type {
            true => Ok(one_zero(column)),
            false => arrow::compute::cast(column, &data_type).map(|column| one_zero(&column)).map_err(internal),
        };
        let columns = columns.iter().map(same).collect::<Result<Vec<_>, _>>()?;
        let converter = RowConverter::new(vec![SortField::new(data_type)]).map_err(internal)?;
        let rows = columns.iter().map(|column| converter.convert_columns(std::slice::from_ref(column)));
        let rows = rows.collect::<Result<Vec<_>, _>>().map_err(internal)?;
        Ok(Keys { columns, rows })
    }

    /// None for a null.
    pub fn get(&self, column: usize, row: usize) -> Option<&[u8]> {
        self.columns[column].is_valid(row).then(|| self.rows[column].row(row).data())
    }

    pub fn is_nan(&self, row: usize) -> bool {
        let floats = self.columns[0].as_primitive_opt::<Float64Type>();
        floats.is_some_and(|floats| floats.is_valid(row) && floats.value(row).is_nan())
    }
}

/// One zero and one NaN for all.
pub(crate) fn one_zero(column: &ArrayRef) -> ArrayRef {
    match column.as_primitive_opt::<Float64Type>() {
        Some(floats) => {
            let one = |value: f64| if value.is_nan() { f64::NAN.abs() } else { value + 0.0 };
            Arc::new(floats.unary::<_, Float64Type>(one))
        }
        None => column.clone(),
    }
}
