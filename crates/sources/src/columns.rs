//! Builders of Arrow columns in the types of features, filled cell by cell by every source.

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Builder, Date64Builder, DurationMicrosecondBuilder, Float64Builder, Int64Builder,
    LargeBinaryBuilder, LargeListArray, LargeStringBuilder, NullBufferBuilder, Time64MicrosecondBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType as ArrowType, FieldRef};
use creta_model::DataType;
use creta_ports::arrays::null_array;
use std::sync::Arc;

pub(crate) const DAY_MILLISECONDS: i64 = 86_400_000;
/// Two to the power of 63: the first float beyond the whole numbers that databases and we have.
const BEYOND_INT: f64 = 9_223_372_036_854_775_808.0;

/// What a cell holds, in the database's words, when its column wants something else.
#[derive(Debug, PartialEq)]
pub(crate) struct Misfit(pub String);

impl Misfit {
    pub fn holds(what: impl Into<String>) -> Misfit {
        Misfit(what.into())
    }
}

pub(crate) enum Column {
    Int(Int64Builder),
    Float(Float64Builder),
    Bool(BooleanBuilder),
    Str(LargeStringBuilder),
    Bytes(LargeBinaryBuilder),
    Datetime(TimestampMicrosecondBuilder),
    Date(Date64Builder),
    /// Inside of lists dates are 32-bit.
    ShortDate(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timedelta(DurationMicrosecondBuilder),
    List(Box<Items>),
    /// A type that no source has values of: only nulls fit. Holds their number.
    Nothing(DataType, usize),
}

impl Column {
    pub fn new(data_type: &DataType) -> Column {
        match data_type {
            DataType::Int => Column::Int(Int64Builder::new()),
            DataType::Float => Column::Float(Float64Builder::new()),
            DataType::Bool => Column::Bool(BooleanBuilder::new()),
            DataType::Str => Column::Str(LargeStringBuilder::new()),
            DataType::Bytes => Column::Bytes(LargeBinaryBuilder::new()),
            DataType::Datetime => Column::Datetime(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            DataType::Date => Column::Date(Date64Builder::new()),
            DataType::Time => Column::Time(Time64MicrosecondBuilder::new()),
            DataType::Timedelta => Column::Timedelta(DurationMicrosecondBuilder::new()),
            DataType::List(item) => match Items::new(item, &data_type.arrow()) {
                Some(items) => Column::List(Box::new(items)),
                None => Column::Nothing(data_type.clone(), 0),
            },
            other => Column::Nothing(other.clone(), 0),
        }
    }

    pub fn append_null(&mut self) {
        match self {
            Column::Int(builder) => builder.append_null(),
            Column::Float(builder) => builder.append_null(),
            Column::Bool(builder) => builder.append_null(),
            Column::Str(builder) => builder.append_null(),
            Column::Bytes(builder) => builder.append_null(),
            Column::Datetime(builder) => builder.append_null(),
            Column::Date(builder) => builder.append_null(),
            Column::ShortDate(builder) => builder.append_null(),
            Column::Time(builder) => builder.append_null(),
            Column::Timedelta(builder) => builder.append_null(),
            Column::List(items) => items.close(false),
            Column::Nothing(_, rows) => *rows += 1,
        }
    }

    /// The rows so far as an array; the next rows begin a new one.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Column::Int(builder) => Arc::new(builder.finish()),
            Column::Float(builder) => Arc::new(builder.finish()),
            Column::Bool(builder) => Arc::new(builder.finish()),
            Column::Str(builder) => Arc::new(builder.finish()),
            Column::Bytes(builder) => Arc::new(builder.finish()),
            Column::Datetime(builder) => Arc::new(builder.finish()),
            Column::Date(builder) => Arc::new(builder.finish()),
            Column::ShortDate(builder) => Arc::new(builder.finish()),
            Column::Time(builder) => Arc::new(builder.finish()),
            Column::Timedelta(builder) => Arc::new(builder.finish()),
            Column::List(items) => Arc::new(items.finish()),
            Column::Nothing(data_type, rows) => null_array(data_type, std::mem::take(rows)),
        }
    }
}

/// Lists of one column: their items one after the other, and where each list ends.
pub(crate) struct Items {
    pub column: Column,
    field: FieldRef,
    length: usize,
    lengths: Vec<usize>,
    nulls: NullBufferBuilder,
}

impl Items {
    fn new(item: &DataType, list: &ArrowType) -> Option<Items> {
        let ArrowType::LargeList(field) = list else { return None };
        let column = match item {
            DataType::Date => Column::ShortDate(Date32Builder::new()),
            DataType::List(_) => return None,
            item => Column::new(item),
        };
        let nulls = NullBufferBuilder::new(0);
        Some(Items { column, field: field.clone(), length: 0, lengths: Vec::new(), nulls })
    }

    /// The next item of the list that is being filled goes into the column that this answers.
    pub fn next(&mut self) -> &mut Column {
        self.length += 1;
        &mut self.column
    }

    /// Ends a list, which is a null when it is not `present`.
    pub fn close(&mut self, present: bool) {
        self.lengths.push(std::mem::take(&mut self.length));
        self.nulls.append(present);
    }

    fn finish(&mut self) -> LargeListArray {
        let offsets = OffsetBuffer::from_lengths(std::mem::take(&mut self.lengths));
        LargeListArray::new(self.field.clone(), offsets, self.column.finish(), self.nulls.finish())
    }
}

/// A float that is a whole number of ours.
pub(crate) fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && (-BEYOND_INT..BEYOND_INT).contains(&value)).then_some(value as i64)
}
