//! JSON in both directions: what is accepted for each type, and how each type is written.

use creta_model::data_type::StructField;
use creta_model::{DataType, Value};
use creta_ports::arrays::array_of;
use creta_server::wire::instants::{duration_text, instant_text, parse_duration, parse_instant};
use creta_server::wire::json_input::value_of;
use creta_server::wire::json_output::{Shape, Style, write_cell};
use serde_json::json;

fn field(name: &str, data_type: DataType) -> StructField {
    StructField { name: name.to_owned(), data_type, nullable: true }
}

fn point() -> DataType {
    DataType::Struct(vec![field("x", DataType::Int), field("tags", DataType::List(Box::new(DataType::Str)))])
}

fn text(data_type: &DataType, value: &Value, shape: Shape, style: Style) -> String {
    let array = array_of(data_type, [Some(value)].into_iter()).unwrap();
    let mut out = Vec::new();
    write_cell(&mut out, array.as_ref(), 0, shape, style);
    String::from_utf8(out).unwrap()
}

#[test]
fn what_is_accepted_comes_back_the_same() {
    let map = DataType::Map(Box::new(DataType::Str), Box::new(DataType::Int));
    let cases = [
        (DataType::Int, json!(7), json!(7)),
        (DataType::Int, json!(7.0), json!(7)),
        (DataType::Int, json!(i64::MIN), json!(i64::MIN)),
        (DataType::Float, json!(7), json!(7.0)),
        (DataType::Float, json!(-0.25), json!(-0.25)),
        (DataType::Bool, json!(true), json!(true)),
        (DataType::Str, json!("a \"b\"\n✓"), json!("a \"b\"\n✓")),
        (DataType::Bytes, json!("AAH/"), json!("AAH/")),
        (DataType::Datetime, json!("2026-11-22T10:18:02.5+01:00"), json!("2026-11-22T09:18:02.500000+00:00")),
        (DataType::Datetime, json!("2026-11-22T09:18:02"), json!("2026-11-22T09:18:02.000000+00:00")),
        (DataType::Date, json!("1969-12-31"), json!("1969-12-31")),
        (DataType::Time, json!("09:18:02.000007"), json!("09:18:02.000007")),
        (DataType::Timedelta, json!("P1DT2H"), json!("P1DT2H")),
        (DataType::List(Box::new(DataType::Float)), json!([1, null, 2.5]), json!([1.0, null, 2.5])),
        (DataType::Vector(2), json!([1, 0.5]), json!([1.0, 0.5])),
        (point(), json!([3, ["a"]]), json!([3, ["a"]])),
        (point(), json!({"x": 3}), json!([3, null])),
        (map, json!({"a": 1, "b": null}), json!({"a": 1, "b": null})),
        (DataType::Str, json!(null), json!(null)),
    ];
    for (data_type, given, written) in cases {
        let value = value_of(&given, &data_type).unwrap_or_else(|why| panic!("{data_type} {given}: {why}"));
        let text = text(&data_type, &value, Shape::Value, Style::default());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), written, "{data_type} {given}");
    }
}

#[test]
fn nothing_is_lost_or_guessed() {
    let cases = [
        (DataType::Int, json!(7.5)),
        (DataType::Int, json!("7")),
        (DataType::Int, json!(true)),
        (DataType::Int, json!(9_223_372_036_854_775_808_u64)),
        (DataType::Float, json!("1.5")),
        (DataType::Float, json!(9_007_199_254_740_993_i64)),
        (DataType::Bool, json!(1)),
        (DataType::Str, json!(7)),
        (DataType::Bytes, json!("%%")),
        (DataType::Datetime, json!(0)),
        (DataType::Datetime, json!("yesterday")),
        (DataType::Date, json!("2026-02-30")),
        (DataType::Time, json!("25:00")),
        (DataType::Timedelta, json!("soon")),
        (DataType::List(Box::new(DataType::Int)), json!([1, "2"])),
        (DataType::Vector(2), json!([1])),
        (point(), json!([3])),
        (point(), json!({"y": 3})),
    ];
    for (data_type, given) in cases {
        assert!(value_of(&given, &data_type).is_err(), "{data_type} {given}");
    }
}

#[test]
fn what_json_cannot_say_is_null() {
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(text(&DataType::Float, &Value::Float(float), Shape::Value, Style::default()), "null");
    }
}

#[test]
fn nested_values_have_their_published_shapes() {
    let value = Value::Struct(vec![Value::Int(3), Value::List(vec![Value::Str("a".to_owned())])]);
    let objects = Style { structs_as_objects: true };
    assert_eq!(text(&point(), &value, Shape::Value, Style::default()), r#"[3,["a"]]"#);
    assert_eq!(text(&point(), &value, Shape::Value, objects), r#"{"x":3,"tags":["a"]}"#);
    assert_eq!(text(&point(), &value, Shape::Row, Style::default()), r#"{"x":3,"tags":["a"]}"#);
    let rows = DataType::List(Box::new(point()));
    let value = Value::List(vec![value.clone(), value]);
    assert_eq!(
        text(&rows, &value, Shape::Rows, Style::default()),
        r#"{"columns":["x","tags"],"values":[[3,3],[["a"],["a"]]]}"#
    );
    assert_eq!(text(&rows, &value, Shape::Value, Style::default()), r#"[[3,["a"]],[3,["a"]]]"#);
}

#[test]
fn instants_and_durations_read_back() {
    for micros in [0, -1, 1_795_339_082_876_807, -62_135_596_800_000_000] {
        assert_eq!(parse_instant(&instant_text(micros).unwrap()), Some(micros));
    }
    assert_eq!(instant_text(i64::MAX), None);
    for micros in [0, 1, -1, 90_061_000_001, 3_600_000_000, 86_400_000_000, -5_000_000] {
        assert_eq!(parse_duration(&duration_text(micros)), Some(micros), "{}", duration_text(micros));
    }
    assert_eq!(duration_text(0), "PT0S");
    assert_eq!(duration_text(90_061_500_000), "P1DT1H1M1.5S");
    assert_eq!(parse_duration("1h 30m"), Some(5_400_000_000));
    assert_eq!(parse_duration("10m"), Some(600_000_000));
    assert_eq!(parse_duration("infinity"), Some(36_500 * 86_400_000_000));
    for wrong in ["", "10", "m", "10 parsecs", "P", "1e3s", "99999999999999d"] {
        assert_eq!(parse_duration(wrong), None, "{wrong}");
    }
}
