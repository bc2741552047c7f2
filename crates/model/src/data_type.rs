//! The types a feature can have and the Arrow type each is carried in (framework §1.1).

use arrow_schema::{DataType as ArrowType, Field, Fields, TimeUnit};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A feature's type. In JSON: `"int"`, `{"list": "str"}`, `{"struct": [{"name": "x", "type": "int"}]}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DataType {
    Int,
    Float,
    Bool,
    Str,
    Bytes,
    Datetime,
    Date,
    Time,
    Timedelta,
    List(Box<DataType>),
    Map(Box<DataType>, Box<DataType>),
    Struct(Vec<StructField>),
    /// Fixed-size list of float32 with this many elements.
    Vector(i32),
}

/// A named member of a struct.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StructField {
    pub name: String,
    #[serde(rename = "type")]
    pub data_type: DataType,
    #[serde(default)]
    pub nullable: bool,
}

impl DataType {
    /// The Arrow type of a column of this feature, in batches, Parquet files and on the wire.
    pub fn arrow(&self) -> ArrowType {
        match self {
            DataType::Date => ArrowType::Date64,
            other => other.arrow_inner(),
        }
    }

    /// Inside lists and structs dates are 32-bit; everything else is as at the top.
    fn arrow_inner(&self) -> ArrowType {
        match self {
            DataType::Int => ArrowType::Int64,
            DataType::Float => ArrowType::Float64,
            DataType::Bool => ArrowType::Boolean,
            DataType::Str => ArrowType::LargeUtf8,
            DataType::Bytes => ArrowType::LargeBinary,
            DataType::Datetime => ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            DataType::Date => ArrowType::Date32,
            DataType::Time => ArrowType::Time64(TimeUnit::Microsecond),
            DataType::Timedelta => ArrowType::Duration(TimeUnit::Microsecond),
            DataType::List(item) => ArrowType::LargeList(Arc::new(Field::new("item", item.arrow_inner(), true))),
            DataType::Map(key, value) => {
                let entries = Fields::from(vec![
                    Field::new("key", key.arrow_inner(), false),
                    Field::new("value", value.arrow_inner(), true),
                ]);
                ArrowType::Map(Arc::new(Field::new("entries", ArrowType::Struct(entries), false)), false)
            }
            DataType::Struct(fields) => ArrowType::Struct(
                fields.iter().map(|field| Field::new(&field.name, field.data_type.arrow_inner(), true)).collect(),
            ),
            DataType::Vector(size) => {
                ArrowType::FixedSizeList(Arc::new(Field::new("item", ArrowType::Float32, true)), *size)
            }
        }
    }

    /// Numbers take part in arithmetic.
    pub fn is_number(&self) -> bool {
        matches!(self, DataType::Int | DataType::Float)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Int => f.write_str("int"),
            DataType::Float => f.write_str("float"),
            DataType::Bool => f.write_str("bool"),
            DataType::Str => f.write_str("str"),
            DataType::Bytes => f.write_str("bytes"),
            DataType::Datetime => f.write_str("datetime"),
            DataType::Date => f.write_str("date"),
            DataType::Time => f.write_str("time"),
            DataType::Timedelta => f.write_str("timedelta"),
            DataType::List(item) => write!(f, "list[{item}]"),
            DataType::Map(key, value) => write!(f, "dict[{key}, {value}]"),
            DataType::Struct(fields) => {
                f.write_str("struct{")?;
                for (position, field) in fields.iter().enumerate() {
                    let comma = if position == 0 { "" } else { ", " };
                    write!(f, "{comma}{}: {}", field.name, field.data_type)?;
                }
                f.write_str("}")
            }
            DataType::Vector(size) => write!(f, "Vector[{size}]"),
        }
    }
}
