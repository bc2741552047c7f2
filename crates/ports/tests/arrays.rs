//! Values to columns and back.

use creta_model::data_type::StructField;
use creta_model::{Code, DataType, Value};
use creta_ports::arrays::{array_of, display_key, null_array, value_at};

fn list(item: DataType) -> DataType {
    DataType::List(Box::new(item))
}

fn pair() -> DataType {
    let field = |name: &str, data_type| StructField { name: name.to_owned(), data_type, nullable: true };
    DataType::Struct(vec![field("day", DataType::Date), field("names", list(DataType::Str))])
}

fn text(value: &str) -> Value {
    Value::Str(value.to_owned())
}

fn samples() -> Vec<(DataType, Vec<Value>)> {
    vec![
        (DataType::Int, vec![Value::Int(7), Value::Null, Value::Int(i64::MIN)]),
        (DataType::Float, vec![Value::Float(-0.5), Value::Float(f64::INFINITY), Value::Null]),
        (DataType::Bool, vec![Value::Bool(true), Value::Null, Value::Bool(false)]),
        (DataType::Str, vec![text(""), text("é"), Value::Null]),
        (DataType::Bytes, vec![Value::Bytes(vec![0, 255]), Value::Null]),
        (DataType::Datetime, vec![Value::Datetime(-1), Value::Datetime(1_360_000_000_000_000), Value::Null]),
        (DataType::Date, vec![Value::Date(-1), Value::Date(19_000), Value::Null]),
        (DataType::Time, vec![Value::Time(86_399_999_999), Value::Null]),
        (DataType::Timedelta, vec![Value::Timedelta(-5), Value::Null]),
        (list(DataType::Date), vec![Value::List(vec![Value::Date(3), Value::Null]), Value::Null, Value::List(vec![])]),
        (list(list(DataType::Int)), vec![Value::List(vec![Value::List(vec![Value::Int(1)]), Value::Null])]),
        (
            DataType::Map(Box::new(DataType::Str), Box::new(DataType::Int)),
            vec![Value::Map(vec![(text("b"), Value::Int(2)), (text("a"), Value::Null)]), Value::Null],
        ),
        (pair(), vec![Value::Struct(vec![Value::Date(-7), Value::List(vec![text("x")])]), Value::Null]),
        (DataType::Vector(2), vec![Value::List(vec![Value::Float(0.5), Value::Float(-1.0)]), Value::Null]),
    ]
}

#[test]
fn every_type_comes_back_as_it_went() {
    for (data_type, values) in samples() {
        let array = array_of(&data_type, values.iter().map(Some)).unwrap();
        assert_eq!(*array.data_type(), data_type.arrow(), "{data_type}");
        let back: Vec<Value> = (0..array.len()).map(|row| value_at(array.as_ref(), row)).collect();
        assert_eq!(back, values, "{data_type}");
        let slice = array.slice(1, array.len() - 1);
        let back: Vec<Value> = (0..slice.len()).map(|row| value_at(slice.as_ref(), row)).collect();
        assert_eq!(back, values[1..], "a slice of {data_type}");
        let nulls = null_array(&data_type, 2);
        assert_eq!((nulls.data_type(), nulls.null_count()), (&data_type.arrow(), 2), "{data_type}");
        assert_eq!(array_of(&data_type, [None, None].into_iter()).unwrap().null_count(), 2, "{data_type}");
        assert_eq!(array_of(&data_type, std::iter::empty()).unwrap().len(), 0, "{data_type}");
    }
}

#[test]
fn an_int_is_a_float_when_no_digit_is_lost() {
    let float = |value: i64| array_of(&DataType::Float, [Some(&Value::Int(value))].into_iter());
    assert_eq!(value_at(float(1 << 53).unwrap().as_ref(), 0), Value::Float(9_007_199_254_740_992.0));
    assert_eq!(float((1 << 53) + 1).unwrap_err().code, Code::ValidationFailed);
    assert_eq!(float(i64::MAX).unwrap_err().code, Code::ValidationFailed);
}

#[test]
fn a_value_of_another_type_is_refused() {
    let refused = [
        (DataType::Int, Value::Float(7.0)),
        (DataType::Int, Value::Bool(true)),
        (DataType::Float, text("7")),
        (DataType::Str, Value::Int(7)),
        (DataType::Datetime, Value::Date(1)),
        (list(DataType::Int), Value::List(vec![text("7")])),
        (DataType::Vector(2), Value::List(vec![Value::Float(1.0)])),
        (pair(), Value::Struct(vec![Value::Date(1)])),
        (
            DataType::Map(Box::new(DataType::Str), Box::new(DataType::Int)),
            Value::Map(vec![(Value::Null, Value::Int(1))]),
        ),
    ];
    for (data_type, value) in refused {
        let letter = array_of(&data_type, [Some(&value)].into_iter()).unwrap_err();
        assert_eq!(letter.code, Code::ValidationFailed, "{data_type}");
    }
}

#[test]
fn keys_are_shown_as_people_write_them() {
    let ints = array_of(&DataType::Int, [Some(&Value::Int(-7)), None].into_iter()).unwrap();
    assert_eq!(display_key(ints.as_ref(), 0), "-7");
    assert_eq!(display_key(ints.as_ref(), 1), "");
    let name = text("JFK");
    let texts = array_of(&DataType::Str, [Some(&name)].into_iter()).unwrap();
    assert_eq!(display_key(texts.as_ref(), 0), "JFK");
}
