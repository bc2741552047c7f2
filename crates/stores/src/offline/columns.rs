//! Which Arrow type a feature's column has inside a Delta table: the feature's own where Delta knows it.

use crate::failure::failed;
use arrow::array::{Array, ArrayRef};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, TimeUnit};
use creta_model::DataType;
use creta_ports::Result;

/// Names of the columns that every table has.
pub(super) const KEY: &str = "key";
pub(super) const OBSERVED_AT: &str = "observed_at";
pub(super) const INSERTED_AT: &str = "inserted_at";
pub(super) const SEQUENCE: &str = "sequence";
pub(super) const RESOLVER: &str = "resolver";
pub(super) const DEPLOYMENT: &str = "deployment";
pub(super) const OBSERVED: &str = "observed";

/// A feature's column; the prefix keeps features from clashing with the columns above.
pub(super) fn feature_column(name: &str) -> String {
    format!("f.{name}")
}

/// Delta has no time of day and no duration: both are stored as microseconds. Its date is 32-bit.
pub(super) fn to_stored(array: &ArrayRef) -> Result<ArrayRef> {
    let stored = match array.data_type() {
        ArrowType::Date64 => ArrowType::Date32,
        ArrowType::Time64(TimeUnit::Microsecond) | ArrowType::Duration(TimeUnit::Microsecond) => ArrowType::Int64,
        _ => return Ok(array.clone()),
    };
    cast(array, &stored).map_err(failed("a column could not be stored"))
}

/// Back to the type of the feature, whatever width the reader chose.
pub(super) fn from_stored(array: &ArrayRef, data_type: &DataType) -> Result<ArrayRef> {
    let wanted = data_type.arrow();
    if *array.data_type() == wanted {
        return Ok(array.clone());
    }
    cast(array, &wanted).map_err(failed("a stored column has another type than its feature"))
}
