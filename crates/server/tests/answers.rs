//! Answers and errors have exactly the fields that published clients require.

use crate::fakes::{graph, meta};
use arrow::array::{ArrayRef, Float64Array, Int64Array, LargeStringArray};
use axum::body::to_bytes;
use axum::response::IntoResponse;
use creta_engine::{Answer, Origin, Output};
use creta_model::errors::Exception;
use creta_model::{Code, Letter};
use creta_server::wire::inputs::{Nulls, json_columns, json_row};
use creta_server::wire::json_answer::{write_answer, write_refusal};
use creta_server::wire::json_output::Style;
use creta_server::{Failure, wire_error};
use serde_json::{Value, json};
use std::sync::Arc;

fn output(name: &str, values: ArrayRef, valid: bool, origin: Origin) -> Output {
    let observed_at = Int64Array::from(vec![valid.then_some(1_795_339_082_876_807)]);
    let namespace = "ship".to_owned();
    Output { name: name.to_owned(), namespace, values, valid: vec![valid], origins: vec![origin], observed_at }
}

#[test]
fn a_single_answer_is_spelled_as_published() {
    let letter = Letter::new(Code::ResolverFailed, "boom")
        .feature("ship.name")
        .resolver("ships.name")
        .key("7")
        .fix("catch it")
        .exception(Exception {
            kind: "ValueError".to_owned(),
            message: "boom".to_owned(),
            stacktrace: "ships.py, line 3".to_owned(),
        });
    let answer = Answer {
        outputs: vec![
            output("ship.id", Arc::new(Int64Array::from(vec![7])), true, Origin::Input),
            output("ship.name", Arc::new(LargeStringArray::from(vec![None::<&str>])), false, Origin::None),
            output("ship.teu", Arc::new(Float64Array::from(vec![f64::NAN])), true, Origin::OnlineStore),
        ],
        rows: 1,
        letters: vec![letter],
        started_at: 0,
        keys: None,
    };
    let graph = graph();
    let given = json_row(&graph, json!({"ship.id": 7}).as_object().unwrap(), Nulls::ByFeature).unwrap();
    let mut out = Vec::new();
    write_answer(&mut out, &graph, &given, &answer, &meta(), Style::default());
    let answer: Value = serde_json::from_slice(&out).unwrap();
    let ts = "2026-11-22T09:18:02.876807+00:00";
    let origin = |name: &str, hit: bool, kind: &str| json!({"chosen_resolver_fqn": name, "cache_hit": hit, "primitive_type": kind, "version": 1});
    assert_eq!(
        answer["data"][0],
        json!({"field": "ship.id", "value": 7, "pkey": 7, "ts": ts, "valid": true, "error": null,
               "meta": origin("input", false, "int")})
    );
    let error = json!({
        "code": "RESOLVER_FAILED", "category": "FIELD", "message": "boom", "feature": "ship.name",
        "resolver": "ships.name", "display_primary_key": "7", "display_primary_key_fqn": "ship.id",
        "exception": {"kind": "ValueError", "message": "boom", "stacktrace": "ships.py, line 3",
                      "internal_stacktrace": null},
        "letter": "resolver_failed", "fix": "catch it",
    });
    assert_eq!(
        answer["data"][1],
        json!({"field": "ship.name", "value": null, "pkey": 7, "ts": null, "valid": false, "error": error,
               "meta": origin("", false, "str")})
    );
    assert_eq!(answer["data"][2]["value"], json!(null));
    assert_eq!(answer["data"][2]["valid"], json!(false));
    assert_eq!(answer["data"][2]["meta"], origin("online_store", true, "float"));
    assert_eq!(answer["errors"], json!([error]));
    assert_eq!(answer["meta"]["execution_duration_s"], json!(0.002));
    assert_eq!(answer["meta"]["query_timestamp"], json!("1970-01-01T00:00:00.000000+00:00"));
}

#[test]
fn a_refused_query_has_no_data_but_says_why() {
    let mut out = Vec::new();
    let letter = Letter::new(Code::UnknownQueryFeature, "no `ship.nme`").feature("ship.nme");
    write_refusal(&mut out, &[letter], &meta());
    let answer: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(answer["data"], json!([]));
    assert_eq!(answer["errors"][0]["code"], json!("PARSE_FAILED"));
    assert_eq!(answer["errors"][0]["category"], json!("REQUEST"));
    assert!(answer["meta"]["execution_duration_s"].is_f64());
}

#[test]
fn every_letter_has_one_of_the_twelve_codes() {
    let closed = [
        "INTERNAL_SERVER_ERROR",
        "PARSE_FAILED",
        "RESOLVER_NOT_FOUND",
        "INVALID_QUERY",
        "VALIDATION_FAILED",
        "RESOLVER_FAILED",
        "RESOLVER_TIMED_OUT",
        "UPSTREAM_FAILED",
        "UNAUTHENTICATED",
        "UNAUTHORIZED",
        "CANCELLED",
        "DEADLINE_EXCEEDED",
    ];
    for code in Code::ALL {
        let error = wire_error(&Letter::new(*code, "x"), None);
        assert!(closed.contains(&error["code"].as_str().unwrap()));
        assert!(["REQUEST", "FIELD", "NETWORK"].contains(&error["category"].as_str().unwrap()));
        assert_eq!(error["letter"], json!(code.name()));
    }
}

#[tokio::test]
async fn a_failure_is_a_superset_of_the_published_body() {
    let letter = Letter::new(Code::BodyTooLarge, "too large").fix("smaller");
    let response = Failure::from(letter).into_response();
    assert_eq!(response.status(), 413);
    let body: Value = serde_json::from_slice(&to_bytes(response.into_body(), 10_000).await.unwrap()).unwrap();
    assert_eq!(body["detail"], json!("too large"));
    assert_eq!(body["trace"], json!(null));
    assert_eq!(body["code"], json!("body_too_large"));
    assert_eq!(body["fix"], json!("smaller"));
    assert_eq!(body["errors"][0]["code"], json!("PARSE_FAILED"));
    let definitions = Failure::definitions(vec![Letter::new(Code::Sql, "a"), Letter::new(Code::PrimaryKey, "b")]);
    let response = definitions.into_response();
    assert_eq!(response.status(), 400);
    let body: Value = serde_json::from_slice(&to_bytes(response.into_body(), 10_000).await.unwrap()).unwrap();
    assert_eq!(body["errors"][1], json!({"code": "primary_key", "message": "b"}));
    assert_eq!(Failure::from(Letter::new(Code::ResolverFailed, "x")).into_response().status(), 500);
}

#[test]
fn inputs_that_do_not_fit_are_all_named() {
    let graph = graph();
    let inputs = json!({"ship.id": "7", "ship.nmae": "x", "ship.name": null, "ship.calls": 5});
    let letters = json_row(&graph, inputs.as_object().unwrap(), Nulls::ByFeature).unwrap_err();
    let codes: Vec<Code> = letters.iter().map(|letter| letter.code).collect();
    assert_eq!(codes, [Code::InvalidInput, Code::UnknownQueryFeature, Code::InvalidInput, Code::InvalidInput]);
    assert!(letters[1].fix.as_ref().unwrap().contains("ship.name"), "{:?}", letters[1]);
    let ragged = json!({"ship.id": [1, 2], "ship.teu": [1.0]});
    let letters = json_columns(&graph, ragged.as_object().unwrap(), Nulls::Pass).unwrap_err();
    assert_eq!(letters[0].code, Code::InvalidQuery);
}
