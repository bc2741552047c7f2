//! Casts between Arrow types and features' types keep every value, or refuse.

use arrow::array::*;
use arrow::datatypes::{DataType as ArrowType, Field, Fields, Float32Type, Int32Type, Int64Type};
use creta_model::data_type::StructField;
use creta_model::{Code, DataType, Value};
use creta_ports::arrays::{cast, value_at};
use std::sync::Arc;

const NOON: i64 = 1_577_880_000_000_000;

fn arc(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

fn texts(values: &[&str]) -> ArrayRef {
    arc(StringArray::from_iter_values(values))
}

fn becomes(array: ArrayRef, to: DataType, wanted: &[Value]) {
    let cast = cast(&array, &to).unwrap_or_else(|letter| panic!("{} to {to}: {letter}", array.data_type()));
    assert_eq!(*cast.data_type(), to.arrow());
    let values: Vec<Value> = (0..cast.len()).map(|row| value_at(cast.as_ref(), row)).collect();
    assert_eq!(values, wanted, "{} to {to}", array.data_type());
}

fn refused(array: ArrayRef, to: DataType) -> String {
    match cast(&array, &to) {
        Ok(cast) => panic!("{} became {to}: {cast:?}", array.data_type()),
        Err(letter) => {
            assert_eq!(letter.code, Code::InvalidInput);
            letter.message
        }
    }
}

#[test]
fn numbers() {
    let ints = [Value::Int(7), Value::Null, Value::Int(-3)];
    becomes(arc(Float64Array::from(vec![Some(7.0), None, Some(-3.0)])), DataType::Int, &ints);
    becomes(arc(Float32Array::from(vec![Some(7.0), None, Some(-3.0)])), DataType::Int, &ints);
    becomes(arc(Int32Array::from(vec![Some(7), None, Some(-3)])), DataType::Int, &ints);
    becomes(arc(UInt64Array::from(vec![7])), DataType::Int, &[Value::Int(7)]);
    becomes(arc(Int8Array::from(vec![-3])), DataType::Float, &[Value::Float(-3.0)]);
    becomes(texts(&["7", "-0012"]), DataType::Int, &[Value::Int(7), Value::Int(-12)]);
    becomes(texts(&["7.5", "1e3", "inf"]), DataType::Float, &[7.5, 1e3, f64::INFINITY].map(Value::Float));
    let decimals = Decimal128Array::from(vec![700, 1200]).with_precision_and_scale(10, 2).unwrap();
    becomes(arc(decimals.clone()), DataType::Int, &[Value::Int(7), Value::Int(12)]);
    becomes(arc(decimals), DataType::Float, &[Value::Float(7.0), Value::Float(12.0)]);
    let nan = cast(&arc(Float32Array::from(vec![f32::NAN])), &DataType::Float).unwrap();
    assert!(matches!(value_at(nan.as_ref(), 0), Value::Float(value) if value.is_nan()));
}

#[test]
fn numbers_that_would_change_are_refused_and_their_row_is_named() {
    let message = refused(arc(Float64Array::from(vec![Some(1.0), None, Some(7.5)])), DataType::Int);
    assert!(message.contains("Row 2"), "{message}");
    refused(arc(Float64Array::from(vec![f64::NAN])), DataType::Int);
    refused(arc(Float64Array::from(vec![9_223_372_036_854_775_808.0])), DataType::Int);
    refused(arc(UInt64Array::from(vec![u64::MAX])), DataType::Int);
    refused(arc(Int64Array::from(vec![(1 << 53) + 1])), DataType::Float);
    refused(arc(Decimal128Array::from(vec![750]).with_precision_and_scale(10, 2).unwrap()), DataType::Int);
    let message = refused(texts(&["7", "7.0"]), DataType::Int);
    assert!(message.contains("Row 1") && !message.contains("7.0"), "values stay out of letters: {message}");
    refused(texts(&[""]), DataType::Int);
    refused(texts(&["1e400"]), DataType::Float);
}

#[test]
fn booleans_are_neither_numbers_nor_read_from_them() {
    for to in [DataType::Int, DataType::Float, DataType::Str] {
        refused(arc(BooleanArray::from(vec![true])), to);
    }
    refused(arc(Int64Array::from(vec![1])), DataType::Bool);
    refused(texts(&["yes"]), DataType::Bool);
    refused(texts(&["1"]), DataType::Bool);
    becomes(texts(&["true", "False"]), DataType::Bool, &[Value::Bool(true), Value::Bool(false)]);
}

#[test]
fn text_and_bytes() {
    let key = DictionaryArray::<Int32Type>::from_iter([Some("b"), None, Some("b")]);
    becomes(arc(key), DataType::Str, &[Value::Str("b".into()), Value::Null, Value::Str("b".into())]);
    becomes(arc(StringViewArray::from(vec!["x"])), DataType::Str, &[Value::Str("x".into())]);
    becomes(arc(BinaryArray::from(vec![b"x".as_slice()])), DataType::Str, &[Value::Str("x".into())]);
    becomes(arc(BinaryArray::from(vec![b"x".as_slice()])), DataType::Bytes, &[Value::Bytes(b"x".to_vec())]);
    let decimals = Decimal128Array::from(vec![750]).with_precision_and_scale(10, 2).unwrap();
    becomes(arc(decimals), DataType::Str, &[Value::Str("7.50".into())]);
    refused(arc(BinaryArray::from(vec![[0xff].as_slice()])), DataType::Str);
    refused(arc(Int32Array::from(vec![7])), DataType::Str);
    refused(arc(Float32Array::from(vec![7.0])), DataType::Str);
    refused(arc(TimestampSecondArray::from(vec![7])), DataType::Str);
    refused(arc(Int32Array::from(vec![7])), DataType::Bytes);
}

#[test]
fn datetimes() {
    let noon = [Value::Datetime(NOON)];
    becomes(arc(TimestampSecondArray::from(vec![NOON / 1_000_000])), DataType::Datetime, &noon);
    becomes(arc(TimestampNanosecondArray::from(vec![NOON * 1_000 + 999])), DataType::Datetime, &noon);
    let zoned = TimestampMillisecondArray::from(vec![NOON / 1_000]).with_timezone("+02:00");
    becomes(arc(zoned), DataType::Datetime, &noon);
    let named = TimestampNanosecondArray::from(vec![NOON * 1_000]).with_timezone("America/New_York");
    becomes(arc(named), DataType::Datetime, &noon);
    for text in
        ["2020-01-01T12:00:00Z", "2020-01-01T14:00:00+02:00", "2020-01-01 12:00:00", "2020-01-01T12:00:00.000000"]
    {
        becomes(texts(&[text]), DataType::Datetime, &noon);
    }
    becomes(arc(Date32Array::from(vec![1])), DataType::Datetime, &[Value::Datetime(86_400_000_000)]);
    becomes(arc(Date64Array::from(vec![86_400_000])), DataType::Datetime, &[Value::Datetime(86_400_000_000)]);
    refused(texts(&["noon"]), DataType::Datetime);
    refused(arc(Int64Array::from(vec![NOON])), DataType::Datetime);
    refused(arc(TimestampMicrosecondArray::from(vec![NOON])), DataType::Int);
}

#[test]
fn dates_times_and_durations() {
    let midnight = NOON - 43_200_000_000;
    let day = [Value::Date(18_262)];
    becomes(arc(Date32Array::from(vec![18_262])), DataType::Date, &day);
    becomes(arc(TimestampMicrosecondArray::from(vec![midnight])), DataType::Date, &day);
    becomes(texts(&["2020-01-01"]), DataType::Date, &day);
    becomes(arc(TimestampSecondArray::from(vec![-86_400])), DataType::Date, &[Value::Date(-1)]);
    refused(arc(TimestampMicrosecondArray::from(vec![NOON])), DataType::Date);
    refused(texts(&["2020-01-01T12:00:00"]), DataType::Date);
    refused(arc(TimestampMicrosecondArray::from(vec![NOON])), DataType::Time);
    becomes(arc(Time32SecondArray::from(vec![60])), DataType::Time, &[Value::Time(60_000_000)]);
    becomes(texts(&["00:01:00"]), DataType::Time, &[Value::Time(60_000_000)]);
    becomes(arc(DurationSecondArray::from(vec![-1])), DataType::Timedelta, &[Value::Timedelta(-1_000_000)]);
    refused(arc(Int64Array::from(vec![1])), DataType::Timedelta);
    refused(arc(Int64Array::from(vec![1])), DataType::Time);
    refused(arc(DurationSecondArray::from(vec![1])), DataType::Int);
}

#[test]
fn lists_and_vectors() {
    let ints = DataType::List(Box::new(DataType::Int));
    let wanted = [Value::List(vec![Value::Int(1), Value::Null]), Value::Null, Value::List(vec![])];
    let rows = || vec![Some(vec![Some(1), None]), None, Some(vec![])];
    becomes(arc(ListArray::from_iter_primitive::<Int32Type, _, _>(rows())), ints.clone(), &wanted);
    becomes(arc(LargeListArray::from_iter_primitive::<Int32Type, _, _>(rows())), ints.clone(), &wanted);
    let sliced = ListArray::from_iter_primitive::<Int32Type, _, _>(rows()).slice(1, 2);
    becomes(arc(sliced), ints.clone(), &wanted[1..]);
    let halves = ListArray::from_iter_primitive::<Float32Type, _, _>(vec![Some(vec![Some(7.5)])]);
    refused(arc(halves.clone()), ints.clone());
    becomes(arc(halves.clone()), DataType::Vector(1), &[Value::List(vec![Value::Float(7.5)])]);
    refused(arc(halves), DataType::Vector(2));
    let fixed = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1), Some(2)])], 2);
    becomes(arc(fixed), ints.clone(), &[Value::List(vec![Value::Int(1), Value::Int(2)])]);
    becomes(arc(NullArray::new(2)), ints.clone(), &[Value::Null, Value::Null]);
    refused(arc(Int64Array::from(vec![1])), ints);
}

#[test]
fn structs_are_matched_by_name() {
    let field = |name: &str, data_type| StructField { name: name.into(), data_type, nullable: true };
    let to = DataType::Struct(vec![field("a", DataType::Int), field("b", DataType::Str)]);
    let fields = Fields::from(vec![Field::new("b", ArrowType::Utf8, true), Field::new("a", ArrowType::Int8, true)]);
    let columns = vec![texts(&["x"]), arc(Int8Array::from(vec![1]))];
    let both = StructArray::new(fields.clone(), columns.clone(), None);
    becomes(arc(both.clone()), to, &[Value::Struct(vec![Value::Int(1), Value::Str("x".into())])]);
    let wider =
        DataType::Struct(vec![field("a", DataType::Int), field("c", DataType::Float), field("b", DataType::Str)]);
    becomes(arc(both.clone()), wider, &[Value::Struct(vec![Value::Int(1), Value::Null, Value::Str("x".into())])]);
    refused(arc(both), DataType::Struct(vec![field("a", DataType::Int)]));
}

#[test]
fn maps() {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for key in ["a", "b"] {
        builder.keys().append_value(key);
        builder.values().append_value(1);
        builder.append(true).unwrap();
    }
    let to = DataType::Map(Box::new(DataType::Str), Box::new(DataType::Int));
    let second = Value::Map(vec![(Value::Str("b".into()), Value::Int(1))]);
    becomes(arc(builder.finish().slice(1, 1)), to, &[second]);
}
