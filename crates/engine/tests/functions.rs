//! Every function and every aggregate against the values in `functions/expected`, which scripts beside them compute
//! with references that share no code with the engine.

#[path = "functions/cases.rs"]
mod cases;

use arrow::array::ArrayRef;
use cases::{Case, agree, decode, read};
use creta_engine::evaluate::evaluate;
use creta_engine::kernels::aggregate::{Options, aggregate};
use creta_expr::functions::Function;
use creta_expr::{Aggregate, Input, lower};
use creta_model::{Bundle, DataType, Expression, Graph, Value};
use creta_ports::arrays::{array_of, value_at};
use serde_json::{Value as Json, json};
use std::collections::HashSet;

/// Functions without expected values, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("rand", "its values are random; tested below"),
    ("random", "its values are random; tested below"),
    ("neg", "an operator; the scenario `arithmetic` holds it"),
    ("field", "attributes of structs are written, not called; tested below"),
    ("sort_order", "it is not called by itself; the aggregates of sort_order.json hold it"),
];

macro_rules! families {
    ($($family:ident)+) => {
        $(#[test]
        fn $family() {
            check(stringify!($family));
        })+

        const FAMILIES: &[&str] = &[$(stringify!($family)),+];
    };
}

families! { aggregation arrays bytes conditional dates hash json lambdas math sort_order strings url }

fn check(family: &str) {
    let cases = read(family);
    assert!(!cases.is_empty(), "{family} has no cases");
    let total = cases.len();
    let wrong: Vec<String> =
        cases.iter().flat_map(|case| if case.aggregate.is_some() { row_aggregate(case) } else { call(case) }).collect();
    assert!(wrong.is_empty(), "{family}: {} differences in {total} cases\n{}", wrong.len(), wrong.join("\n"));
}

fn graph(columns: &[(&str, &DataType)]) -> Graph {
    let place = json!({"file": "case.py", "line": 1});
    let scalar = |name: &str, data_type: Json| json!({"name": name, "kind": {"scalar": {"type": data_type, "nullable": true}}, "place": place});
    let mut features = vec![scalar("id", json!("int")), scalar("parent", json!("int"))];
    features.extend(columns.iter().map(|(name, data_type)| scalar(name, serde_json::to_value(data_type).unwrap())));
    let join = json!({"entity": "row", "on": [{"local": "id", "foreign": "parent"}]});
    let parent = [scalar("id", json!("int")), json!({"name": "rows", "kind": {"has_many": join}, "place": place})];
    let bundle = json!({"format": 1, "project": "functions", "entities": [
        {"namespace": "row", "class": "Row", "primary_key": "id", "features": features, "place": place},
        {"namespace": "parent", "class": "Parent", "primary_key": "id", "features": parent, "place": place},
    ]});
    let bundle: Bundle = serde_json::from_value(bundle).unwrap();
    Graph::build(&bundle).unwrap()
}

fn attribute(name: &str) -> Expression {
    Expression::Attribute { of: Box::new(Expression::This), name: name.to_owned() }
}

/// The differences of one call.
fn call(case: &Case) -> Vec<String> {
    let name = case.function.as_deref().unwrap();
    let names: Vec<String> = (0..case.arguments.len()).map(|place| format!("x{place}")).collect();
    let (mut arguments, mut columns) = (Vec::new(), Vec::new());
    for (argument, name) in case.arguments.iter().zip(&names) {
        arguments.push(match (&argument.expression, &argument.values) {
            (Some(expression), _) => expression.clone(),
            (None, Some(values)) => {
                let data_type = argument.data_type();
                let values: Vec<Value> = values.iter().map(|value| decode(&data_type, value)).collect();
                columns.push((name.as_str(), data_type, values));
                attribute(name)
            }
            (None, None) => Expression::Literal(argument.constant_value()),
        });
    }
    let types: Vec<(&str, &DataType)> = columns.iter().map(|(name, data_type, _)| (*name, data_type)).collect();
    let graph = graph(&types);
    let expression = Expression::Call { function: name.to_owned(), arguments, options: case.options() };
    let entity = graph.namespace("row").unwrap();
    let rows = columns.first().map_or(1, |(_, _, values)| values.len());
    let told = |message: String| vec![format!("{name}({}): {message}", case.shown())];
    let program = match lower(&graph, entity, &expression, None) {
        Ok(program) => program,
        // A constant that can never be right is refused when it is deployed.
        Err(letter) => {
            let values = case.result.values.iter().flatten();
            return if case.fails() && values.clone().all(Json::is_null) { Vec::new() } else { told(letter.message) };
        }
    };
    let inputs = program.inputs.iter().map(|input| {
        let Input::Feature(path) = input else { panic!("{input:?}") };
        let wanted = graph.feature(path.feature.unwrap()).name.clone();
        let (_, data_type, values) = columns.iter().find(|(name, ..)| *name == wanted).unwrap();
        array_of(data_type, values.iter().map(Some)).unwrap()
    });
    let inputs: Vec<ArrayRef> = inputs.collect();
    if program.root.data_type != case.result.data_type {
        return told(format!("gives {}, not {}", program.root.data_type, case.result.data_type));
    }
    let evaluated = match evaluate(&program, &inputs, rows) {
        Ok(evaluated) => evaluated,
        Err(letter) => return told(letter.message),
    };
    let failed: HashSet<usize> = evaluated.failures.iter().map(|failure| failure.row).collect();
    (0..rows)
        .filter_map(|row| {
            let wanted = decode(&case.result.data_type, &case.result.values.as_ref().unwrap()[row]);
            let found = value_at(evaluated.values.as_ref(), row);
            let is_same = agree(&wanted, &found, case.tolerance()) && failed.contains(&row) == case.raises_at(row);
            let raised = |raises: bool| if raises { " (raises)" } else { "" };
            (!is_same).then(|| {
                format!(
                    "{name}({}) row {row}: expected {wanted:?}{}, got {found:?}{}",
                    case.shown(),
                    raised(case.raises_at(row)),
                    raised(failed.contains(&row))
                )
            })
        })
        .collect()
}

/// The differences of one aggregate, lowered as a user writes it and computed over one slice.
fn row_aggregate(case: &Case) -> Vec<String> {
    let name = case.aggregate.as_deref().unwrap();
    let told = |message: String| vec![format!("{name} {}: {message}", case.shown())];
    let columns = case.columns();
    let types: Vec<(&str, &DataType)> = columns.iter().map(|(name, data_type, _)| (name.as_str(), data_type)).collect();
    let graph = graph(&types);
    let expression = case.aggregation();
    let program = match lower(&graph, graph.namespace("parent").unwrap(), &expression, None) {
        Ok(program) => program,
        Err(letter) => return told(letter.message),
    };
    let [Input::Aggregate(lowered)] = program.inputs.as_slice() else { panic!("{program:?}") };
    let Aggregate { function, value, by, quantile, count, limit, data_type, .. } = &**lowered;
    if *data_type != case.result.data_type {
        return told(format!("gives {data_type}, not {}", case.result.data_type));
    }
    let rows = columns.first().map_or(0, |(_, _, values)| values.len());
    let array = |program: &creta_expr::Program| {
        let inputs = program.inputs.iter().map(|input| {
            let Input::Feature(path) = input else { panic!("{input:?}") };
            let wanted = graph.feature(path.feature.unwrap()).name.clone();
            let (_, data_type, values) = columns.iter().find(|(name, ..)| *name == wanted).unwrap();
            array_of(data_type, values.iter().map(Some)).unwrap()
        });
        evaluate(program, &inputs.collect::<Vec<_>>(), rows).unwrap().values
    };
    let (value, by) = (value.as_ref().map(array), by.as_ref().map(array));
    let kept = limit.map_or(rows, |limit| rows.min(limit as usize));
    let options = Options { quantile: *quantile, count: *count };
    let made = aggregate(*function, value.as_ref(), by.as_ref(), std::slice::from_ref(&(0..kept)), &options, data_type)
        .unwrap();
    let wanted = decode(data_type, case.result.value.as_ref().unwrap());
    let found = value_at(made.values.as_ref(), 0);
    let is_same = agree(&wanted, &found, case.tolerance()) && made.failures.is_empty() != case.fails();
    if is_same { Vec::new() } else { told(format!("expected {wanted:?}, got {found:?} {:?}", made.failures)) }
}

#[test]
fn every_function_has_a_case() {
    let known: HashSet<String> =
        FAMILIES.iter().flat_map(|family| read(family)).filter_map(|case| case.function).collect();
    let meant = known.iter().filter_map(|name| Function::named(name).ok()).collect::<HashSet<Function>>();
    let is_operator = |function: Function| matches!(function, Function::Operator(_));
    let without = |name: &str| WITHOUT.iter().any(|(own, _)| *own == name);
    let missing: Vec<&str> = Function::all()
        .filter(|(name, function)| !meant.contains(function) && !is_operator(*function) && !without(name))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// The values of a call of constants, over so many rows.
fn constants(name: &str, arguments: Vec<Expression>, rows: usize) -> Vec<Value> {
    let graph = graph(&[]);
    let expression = Expression::Call { function: name.to_owned(), arguments, options: Default::default() };
    let program = lower(&graph, graph.namespace("row").unwrap(), &expression, None).unwrap();
    let values = evaluate(&program, &[], rows).unwrap().values;
    (0..rows).map(|row| value_at(values.as_ref(), row)).collect()
}

#[test]
fn random_numbers_differ_and_stay_in_their_range() {
    for name in ["rand", "random"] {
        let values = constants(name, Vec::new(), 1_000);
        let numbers: Vec<f64> =
            values.iter().map(|value| if let Value::Float(number) = value { *number } else { -1.0 }).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)), "{name}");
        assert!(numbers.iter().any(|number| *number < 0.5) && numbers.iter().any(|number| *number >= 0.5), "{name}");
    }
    let values = constants("random", vec![Expression::Literal(Value::Int(3))], 1_000);
    for wanted in 0..3 {
        assert!(values.contains(&Value::Int(wanted)), "{wanted}");
    }
    assert!(values.iter().all(|value| matches!(value, Value::Int(0..3))));
}

#[test]
fn fields_of_structs_are_read() {
    let names = vec![Value::Str("city".to_owned()), Value::Str("zip".to_owned())];
    let pack = Expression::Call {
        function: "struct_pack".to_owned(),
        arguments: vec![Expression::Literal(Value::Str("Hamburg".to_owned())), attribute("zip")],
        options: [("names".to_owned(), Value::List(names))].into(),
    };
    let read = |name: &str| Expression::Attribute { of: Box::new(pack.clone()), name: name.to_owned() };
    let graph = graph(&[("zip", &DataType::Int)]);
    let entity = graph.namespace("row").unwrap();
    let zips = array_of(&DataType::Int, [Some(&Value::Int(20_457)), None].into_iter()).unwrap();
    let values = |name: &str| {
        let program = lower(&graph, entity, &read(name), None).unwrap();
        let evaluated = evaluate(&program, &vec![zips.clone(); program.inputs.len()], 2).unwrap();
        [value_at(evaluated.values.as_ref(), 0), value_at(evaluated.values.as_ref(), 1)]
    };
    assert_eq!(values("zip"), [Value::Int(20_457), Value::Null]);
    assert_eq!(values("city")[1], Value::Str("Hamburg".to_owned()));
    let letter = lower(&graph, entity, &read("ciy"), None).unwrap_err();
    assert!(format!("{letter:?}").contains("Did you mean `city`?"), "{letter:?}");
}
