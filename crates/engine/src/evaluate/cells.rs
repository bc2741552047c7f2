//! An operand: a column, or one value that stands for every row.

use crate::context::internal;
use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, LargeStringArray, PrimitiveArray, UInt32Array};
use arrow::compute::take;
use creta_model::Letter;

#[derive(Debug, Clone)]
pub(super) struct Cells {
    array: ArrayRef,
    scalar: bool,
}

impl Cells {
    pub fn column(array: ArrayRef) -> Cells {
        Cells { array, scalar: false }
    }

    /// The array has one row.
    pub fn scalar(array: ArrayRef) -> Cells {
        Cells { array, scalar: true }
    }

    pub fn array(&self) -> &ArrayRef {
        &self.array
    }

    pub fn is_scalar(&self) -> bool {
        self.scalar
    }

    /// As a full column.
    pub fn spread(&self, rows: usize) -> Result<ArrayRef, Letter> {
        if !self.scalar {
            return Ok(self.array.clone());
        }
        take(&self.array, &UInt32Array::from(vec![0; rows]), None).map_err(internal)
    }

    /// Reads numbers by row; the caller knows the type.
    pub fn numbers<T: ArrowPrimitiveType>(&self) -> Option<Numbers<'_, T>> {
        self.array.as_primitive_opt::<T>().map(|array| Numbers { array, scalar: self.scalar })
    }

    pub fn texts(&self) -> Option<Texts<'_>> {
        self.array.as_string_opt::<i64>().map(|array| Texts { array, scalar: self.scalar })
    }
}

pub(super) struct Numbers<'a, T: ArrowPrimitiveType> {
    array: &'a PrimitiveArray<T>,
    scalar: bool,
}

impl<T: ArrowPrimitiveType> Numbers<'_, T> {
    #[inline]
    pub fn get(&self, row: usize) -> Option<T::Native> {
        let row = if self.scalar { 0 } else { row };
        self.array.is_valid(row).then(|| self.array.value(row))
    }
}

pub(super) struct Texts<'a> {
    array: &'a LargeStringArray,
    scalar: bool,
}

impl<'a> Texts<'a> {
    #[inline]
    pub fn get(&self, row: usize) -> Option<&'a str> {
        let row = if self.scalar { 0 } else { row };
        self.array.is_valid(row).then(|| self.array.value(row))
    }
}
