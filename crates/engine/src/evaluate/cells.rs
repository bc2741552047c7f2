//! An operand: a column, or one value that stands for every row.

use crate::context::internal;
use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, LargeBinaryArray, LargeListArray, LargeStringArray,
    PrimitiveArray, UInt32Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType as ArrowType, Float64Type, Int64Type};
use creta_model::Letter;
use std::ops::Range;

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

    pub fn ints(&self) -> Result<Numbers<'_, Int64Type>, Letter> {
        self.numbers().ok_or_else(|| internal("not an int"))
    }

    pub fn floats(&self) -> Result<Numbers<'_, Float64Type>, Letter> {
        self.numbers().ok_or_else(|| internal("not a float"))
    }

    /// Ints widened to floats.
    pub fn as_floats(&self) -> Result<Cells, Letter> {
        let array = arrow::compute::cast(&self.array, &ArrowType::Float64).map_err(internal)?;
        Ok(Cells { array, scalar: self.scalar })
    }

    pub fn texts(&self) -> Result<Texts<'_>, Letter> {
        let array = self.array.as_string_opt::<i64>().ok_or_else(|| internal("not a string"))?;
        Ok(Texts { array, scalar: self.scalar })
    }

    pub fn bytes(&self) -> Result<Bytes<'_>, Letter> {
        let array = self.array.as_binary_opt::<i64>().ok_or_else(|| internal("not bytes"))?;
        Ok(Bytes { array, scalar: self.scalar })
    }

    pub fn booleans(&self) -> Result<Booleans<'_>, Letter> {
        let array = self.array.as_boolean_opt().ok_or_else(|| internal("not a boolean"))?;
        Ok(Booleans { array, scalar: self.scalar })
    }

    pub fn lists(&self) -> Result<Lists, Letter> {
        let array = match self.array.data_type() {
            ArrowType::FixedSizeList(..) => {
                let item = arrow::datatypes::Field::new("item", ArrowType::Float64, true);
                arrow::compute::cast(&self.array, &ArrowType::LargeList(item.into())).map_err(internal)?
            }
            _ => self.array.clone(),
        };
        let array = array.as_list_opt::<i64>().ok_or_else(|| internal("not a list"))?.clone();
        Ok(Lists { array, scalar: self.scalar })
    }
}

/// What is there in each row; None for a null.
pub(super) trait Read {
    type Value;

    fn get(&self, row: usize) -> Option<Self::Value>;
}

pub(super) struct Numbers<'a, T: ArrowPrimitiveType> {
    array: &'a PrimitiveArray<T>,
    scalar: bool,
}

impl<T: ArrowPrimitiveType> Read for Numbers<'_, T> {
    type Value = T::Native;

    #[inline]
    fn get(&self, row: usize) -> Option<T::Native> {
        let row = if self.scalar { 0 } else { row };
        self.array.is_valid(row).then(|| self.array.value(row))
    }
}

macro_rules! reader {
    ($name:ident, $array:ty, $value:ty) => {
        pub(super) struct $name<'a> {
            array: &'a $array,
            scalar: bool,
        }

        impl<'a> Read for $name<'a> {
            type Value = $value;

            #[inline]
            fn get(&self, row: usize) -> Option<$value> {
                let row = if self.scalar { 0 } else { row };
                self.array.is_valid(row).then(|| self.array.value(row))
            }
        }
    };
}

reader!(Texts, LargeStringArray, &'a str);
reader!(Bytes, LargeBinaryArray, &'a [u8]);
reader!(Booleans, BooleanArray, bool);

/// Lists as places among their items.
pub(super) struct Lists {
    array: LargeListArray,
    scalar: bool,
}

impl Lists {
    pub fn items(&self) -> &ArrayRef {
        self.array.values()
    }
}

impl Read for Lists {
    type Value = Range<usize>;

    #[inline]
    fn get(&self, row: usize) -> Option<Range<usize>> {
        let row = if self.scalar { 0 } else { row };
        let offsets = self.array.value_offsets();
        self.array.is_valid(row).then(|| offsets[row] as usize..offsets[row + 1] as usize)
    }
}
