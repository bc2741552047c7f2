//! The binary framing: byte models, bulk bodies, bulk results, Arrow in all its dialects.

use crate::fakes::{graph, meta};
use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int64Array, LargeListArray, StringArray, StructArray,
};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow::record_batch::RecordBatch;
use creta_engine::{Answer, Origin, Output};
use creta_model::{Code, Letter};
use creta_server::wire::bulk::{self, Packing, Part};
use creta_server::wire::byte_model::{ByteModel, MAGIC};
use creta_server::wire::inputs::{Nulls, arrow_columns};
use creta_server::wire::ipc;
use serde_json::json;
use std::sync::Arc;

fn model() -> ByteModel {
    let inner = ByteModel { bytes: vec![("b".to_owned(), vec![1, 2]), ("a".to_owned(), vec![])], ..Default::default() };
    ByteModel {
        attributes: [("features".to_owned(), json!(["user.id"]))].into_iter().collect(),
        bytes: vec![("table_bytes".to_owned(), b"ARROW1".to_vec())],
        nested: vec![("inner".to_owned(), inner)],
    }
}

#[test]
fn a_model_reads_back_as_it_was_written() {
    let bytes = model().encode();
    assert_eq!(ByteModel::decode(&bytes).unwrap(), model());
    let longer = [bytes, b"trailing".to_vec()].concat();
    assert_eq!(ByteModel::decode(&longer).unwrap(), model());
}

#[test]
fn an_empty_model_has_the_published_layout() {
    let bytes = ByteModel::default().encode();
    assert_eq!(&bytes[..23], MAGIC);
    for start in [23, 33, 43, 53] {
        assert_eq!(&bytes[start..start + 10], b"\0\0\0\0\0\0\0\x02{}");
    }
    assert_eq!(bytes.len(), 63);
}

#[test]
fn no_cut_or_lie_about_a_length_is_read() {
    let bytes = model().encode();
    for end in 0..bytes.len() {
        assert_eq!(ByteModel::decode(&bytes[..end]).unwrap_err().code, Code::MalformedRequest);
    }
    let mut lying = bytes;
    lying[23] = 0xff;
    assert_eq!(ByteModel::decode(&lying).unwrap_err().code, Code::MalformedRequest);
    let mut deep = ByteModel::default();
    for _ in 0..20 {
        deep = ByteModel { nested: vec![("x".to_owned(), deep)], ..Default::default() };
    }
    assert_eq!(ByteModel::decode(&deep.encode()).unwrap_err().code, Code::MalformedRequest);
}

#[test]
fn a_body_holds_one_or_more_queries() {
    let part = |header: &[u8], inputs: &[u8]| {
        let length = |bytes: &[u8]| (bytes.len() as u64).to_be_bytes();
        [&length(header)[..], header, &length(inputs)[..], inputs].concat()
    };
    let body = [b"chal1".to_vec(), part(b"{}", b"ARROW1"), part(b"{\"outputs\":[]}", b"")].concat();
    let parts = bulk::parts(&body).unwrap();
    assert_eq!(parts[0], Part { header: b"{}", inputs: b"ARROW1" });
    assert_eq!(parts[1], Part { header: b"{\"outputs\":[]}", inputs: b"" });
    for wrong in [&b"chal1"[..], b"chal2", &body[..body.len() - 1], &body[..20]] {
        assert_eq!(bulk::parts(wrong).unwrap_err().code, Code::MalformedRequest);
    }
}

#[test]
fn keys_of_results_sort_as_text() {
    let keys = |count: usize| -> Vec<String> {
        let bytes = bulk::response(vec![ByteModel::default(); count]);
        let outer = ByteModel::decode(&bytes).unwrap();
        assert_eq!(outer.nested[0].0, "query_results_bytes");
        outer.nested[0].1.bytes.iter().map(|(key, _)| key.clone()).collect()
    };
    assert_eq!(keys(1), ["0"]);
    assert_eq!(keys(10)[9], "9");
    let twelve = keys(12);
    assert_eq!((twelve[0].as_str(), twelve[11].as_str()), ("00", "11"));
    assert!(twelve.is_sorted());
}

/// Two ships: the first with two calls, the second with none.
fn answer() -> Answer {
    let ships: ArrayRef = Arc::new(Int64Array::from(vec![7, 9]));
    let fields = vec![Field::new("call.id", DataType::Int64, true), Field::new("call.ship_id", DataType::Int64, true)];
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![70, 71])), Arc::new(Int64Array::from(vec![7, 7]))];
    let rows = StructArray::try_new(fields.into(), columns, None).unwrap();
    let item = Arc::new(Field::new("item", rows.data_type().clone(), true));
    let calls = LargeListArray::new(item, OffsetBuffer::from_lengths([2, 0]), Arc::new(rows), None);
    let output = |name: &str, values: ArrayRef| Output {
        name: name.to_owned(),
        namespace: "ship".to_owned(),
        values,
        valid: vec![true; 2],
        origins: vec![Origin::Input],
        observed_at: Int64Array::from(vec![0, 0]),
    };
    Answer {
        outputs: vec![output("ship.id", ships.clone()), output("ship.calls", Arc::new(calls))],
        rows: 2,
        letters: Vec::new(),
        started_at: 0,
        keys: Some(ships),
    }
}

#[test]
fn children_get_a_table_of_their_own() {
    let mut result = bulk::result(&graph(), &answer(), &meta(), Packing::default()).unwrap();
    assert_eq!(result.attributes["has_data"], json!(true));
    assert_eq!(result.attributes["errors"], json!(null));
    assert!(result.attributes["meta"].as_str().unwrap().contains("execution_duration_s"));
    let scalars = ipc::read(&result.take("scalar_data").unwrap()).unwrap();
    assert_eq!(scalars.schema().fields().iter().map(|field| field.name()).collect::<Vec<_>>(), ["ship.id"]);
    assert_eq!(scalars.column(0).as_primitive::<Int64Type>().values(), &[7, 9]);
    let (name, groups) = &mut result.nested[0];
    assert_eq!(name, "groups_data");
    let calls = ipc::read(&groups.take("ship.calls").unwrap()).unwrap();
    assert_eq!(calls.column_by_name("call.ship_id").unwrap().as_primitive::<Int64Type>().values(), &[7, 7]);
}

#[test]
fn packed_children_are_a_column_with_small_offsets() {
    let packing = Packing { into_structs: true, small_lists: true };
    let mut result = bulk::result(&graph(), &answer(), &meta(), packing).unwrap();
    let scalars = ipc::read(&result.take("scalar_data").unwrap()).unwrap();
    assert!(matches!(scalars.column_by_name("ship.calls").unwrap().data_type(), DataType::List(_)));
    assert!(result.nested[0].1.bytes.is_empty());
}

#[test]
fn a_refusal_has_every_attribute_and_no_data() {
    let refusal = bulk::refusal(&[Letter::new(Code::InvalidQuery, "no")], &meta());
    assert_eq!(refusal.attributes["has_data"], json!(false));
    let error = refusal.attributes["errors"][0].as_str().unwrap();
    assert!(error.contains("\"code\":\"INVALID_QUERY\""));
    assert_eq!(refusal.bytes, [("scalar_data".to_owned(), vec![])]);
    assert_eq!(refusal.nested[0].0, "groups_data");
}

#[test]
fn every_dialect_of_arrow_becomes_the_features_types() {
    let batch = RecordBatch::try_from_iter([
        ("ship.id", Arc::new(Float64Array::from(vec![7.0, 9.0])) as ArrayRef),
        ("ship.name", Arc::new(DictionaryArray::<Int32Type>::from_iter(["a", "b"])) as ArrayRef),
        ("ship.teu", Arc::new(StringArray::from(vec!["1.5", "2"])) as ArrayRef),
    ])
    .unwrap();
    let file = |compression| {
        let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
        let mut writer = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        writer.into_inner().unwrap()
    };
    let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    let bodies = [
        file(None),
        file(Some(CompressionType::LZ4_FRAME)),
        file(Some(CompressionType::ZSTD)),
        stream.into_inner().unwrap(),
    ];
    for body in bodies {
        let given = arrow_columns(&graph(), &ipc::read(&body).unwrap(), |_| false, Nulls::ByFeature).unwrap();
        assert_eq!(given.column("ship.id").unwrap().as_primitive::<Int64Type>().values(), &[7, 9]);
        assert_eq!(given.column("ship.name").unwrap().as_string::<i64>().value(1), "b");
        assert_eq!(given.column("ship.teu").unwrap().data_type(), &DataType::Float64);
    }
}

#[test]
fn damaged_arrow_data_is_refused_without_claiming_memory() {
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..500));
    let batch = RecordBatch::try_from_iter([("ship.id", ids)]).unwrap();
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME)).unwrap();
    let mut file = FileWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    file.write(&batch).unwrap();
    let mut stream = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    assert_eq!(ipc::read(b"nonsense, read as a length: 1.9 GB").unwrap_err().code, Code::MalformedRequest);
    for whole in [file.into_inner().unwrap(), stream.into_inner().unwrap()] {
        assert_eq!(ipc::read(&whole).unwrap().num_rows(), 500);
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x7f;
            // Damage may go unnoticed inside of values; it may not end in a panic or in gigabytes.
            ipc::read(&damaged).ok();
            ipc::read(&whole[..place]).ok();
        }
    }
}

#[test]
fn a_fraction_is_not_a_key() {
    let column: ArrayRef = Arc::new(Float64Array::from(vec![7.5]));
    let batch = RecordBatch::try_from_iter([("ship.id", column)]).unwrap();
    let letters = arrow_columns(&graph(), &batch, |_| false, Nulls::ByFeature).unwrap_err();
    assert_eq!((letters[0].code, letters[0].feature.as_deref()), (Code::InvalidInput, Some("ship.id")));
}
