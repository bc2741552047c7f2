//! `creta train`: a training set for a file of entities and times.

use crate::cli::Train;
use crate::client::{Client, letter_of};
use crate::screen;
use arrow::array::ArrayRef;
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::record_batch::RecordBatch;
use arrow::util::display::FormatOptions;
use console::style;
use creta_model::{Code, Letter};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often an unfinished run is asked about.
const POLL: Duration = Duration::from_millis(200);

pub async fn run(command: Train, json: bool) -> Result<(), Vec<Letter>> {
    let spine = read_spine(&command.spine, &command.times).map_err(|letter| vec![letter])?;
    let client = Client::connect(&command.target).await?;
    let dataset = submit(&client, &command, &spine).await?;
    let revision = last_revision(&dataset)?;
    let answer = wait_or_leave(&client, &revision, spine.num_rows() as u64).await?;
    let letters: Vec<Letter> = answer["errors"].as_array().into_iter().flatten().map(letter_of).collect();
    if answer["urls"].as_array().is_none_or(Vec::is_empty) && !letters.is_empty() {
        return Err(letters);
    }
    let urls: Vec<&str> = answer["urls"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    save(&client, &urls, &command.output).await?;
    if json {
        println!("{}", json!({ "revision_id": revision, "rows": spine.num_rows(), "output": command.output }));
    } else {
        let rows = spine.num_rows();
        println!("{} {rows} rows in {}, revision {revision}", style("wrote").green().bold(), command.output.display());
    }
    // Rows that failed are null in the file; the status says that there are some.
    if letters.is_empty() { Ok(()) } else { Err(letters) }
}

async fn submit(client: &Client, command: &Train, spine: &RecordBatch) -> Result<Value, Vec<Letter>> {
    let ticket = client.get("/v1/offline_query_parquet_upload_url/1").await?;
    let (url, file) = (&ticket["urls"][0]["signed_url"], &ticket["urls"][0]["filename"]);
    client.put_url(url.as_str().unwrap_or_default(), parquet_bytes(spine).map_err(|letter| vec![letter])?).await?;
    let body = json!({
        "output": command.outputs,
        "input": { "filenames": [file], "version": 3 },
        "dataset_name": command.dataset,
        "recompute_features": command.recompute,
        "destination_format": "PARQUET",
        "num_shards": command.shards,
        "num_workers": command.workers,
    });
    client.post("/v4/offline_query", &body).await
}

fn last_revision(dataset: &Value) -> Result<String, Vec<Letter>> {
    let revisions = dataset["revisions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let id = revisions.last().and_then(|revision| revision["revision_id"].as_str());
    id.map(str::to_owned).ok_or_else(|| vec![Letter::new(Code::Bug, "The server answered no revision.")])
}

/// Brings the shards' files into one, in order; no more than one of them is in memory.
async fn save(client: &Client, urls: &[&str], path: &Path) -> Result<(), Vec<Letter>> {
    let unwritten = |error: &std::io::Error| vec![file_letter(path, "written", error)];
    if let [only] = urls {
        return std::fs::write(path, client.get_url(only).await?).map_err(|error| unwritten(&error));
    }
    let broken = |error: &dyn std::fmt::Display| vec![unreadable(path, error)];
    let mut file = None;
    for url in urls {
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(client.get_url(url).await?));
        let builder = builder.map_err(|error| broken(&error))?;
        let schema = builder.schema().clone();
        let writer = match &mut file {
            Some(writer) => writer,
            none => {
                let created = File::create(path).map_err(|error| unwritten(&error))?;
                none.insert(ArrowWriter::try_new(created, schema, None).map_err(|error| broken(&error))?)
            }
        };
        for batch in builder.build().map_err(|error| broken(&error))? {
            writer.write(&batch.map_err(|error| broken(&error))?).map_err(|error| broken(&error))?;
        }
        writer.flush().map_err(|error| broken(&error))?;
    }
    match file {
        Some(writer) => writer.close().map(drop).map_err(|error| broken(&error)),
        None => Err(vec![Letter::new(Code::NotFound, "The run left no result files.")]),
    }
}

/// Waits for the end; an interrupt ends the waiting, not the run.
async fn wait_or_leave(client: &Client, revision: &str, rows: u64) -> Result<Value, Vec<Letter>> {
    tokio::select! {
        ended = wait(client, revision, rows) => ended,
        _ = tokio::signal::ctrl_c() => {
            let message = format!("Nobody waits for revision {revision} any more; the server goes on computing it.");
            Err(vec![Letter::new(Code::Cancelled, message).fix(format!("Cancel it with `creta cancel {revision}`."))])
        }
    }
}

async fn wait(client: &Client, revision: &str, rows: u64) -> Result<Value, Vec<Letter>> {
    let bar = screen::progress(rows);
    loop {
        let answer = client.post("/v4/offline_query/status", &json!({ "job_id": revision })).await?;
        let report = client.get(&format!("/v4/offline_query/{revision}/status")).await?;
        bar.set_position(report["report"]["progress"]["computed"].as_u64().unwrap_or(0));
        if answer["is_finished"].as_bool() == Some(true) {
            bar.finish_and_clear();
            return Ok(answer);
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Reads Parquet or CSV and gives the time column the name that the wire asks for.
fn read_spine(path: &Path, times: &str) -> Result<RecordBatch, Letter> {
    let batches = match path.extension().and_then(|extension| extension.to_str()) {
        Some("parquet") => read_parquet(path)?,
        Some("csv") => read_csv(path)?,
        _ => {
            let message = format!("{} is neither .parquet nor .csv.", path.display());
            return Err(Letter::new(Code::InvalidInput, message));
        }
    };
    let Some(first) = batches.first() else {
        return Err(Letter::new(Code::InvalidInput, format!("{} has no rows.", path.display())));
    };
    let whole = arrow::compute::concat_batches(&first.schema(), &batches).map_err(|error| unreadable(path, &error))?;
    let unreadable_time = |error: &arrow::error::ArrowError| {
        Letter::new(Code::InvalidInput, format!("The column `{times}` of {} is not a time: {error}.", path.display()))
            .fix("Write times as 2026-11-22T09:18:02Z.")
    };
    rename_times(&whole, times).map_err(|error| unreadable_time(&error))?.ok_or_else(|| {
        Letter::new(Code::InvalidInput, format!("{} has no column `{times}`.", path.display()))
            .fix("Name the column that holds each row's time with --times.")
    })
}

/// A time that cannot be read is an error, not a null.
const STRICT: CastOptions<'static> = CastOptions { safe: false, format_options: FormatOptions::new() };

fn rename_times(batch: &RecordBatch, times: &str) -> Result<Option<RecordBatch>, arrow::error::ArrowError> {
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let schema = batch.schema();
    let Some((position, _)) = schema.column_with_name(times) else { return Ok(None) };
    let mut columns: Vec<(String, ArrayRef)> = Vec::with_capacity(batch.num_columns());
    for (index, field) in schema.fields().iter().enumerate() {
        match index == position {
            true => columns.push(("__ts__".to_owned(), cast_with_options(batch.column(index), &utc, &STRICT)?)),
            false => columns.push((field.name().clone(), batch.column(index).clone())),
        }
    }
    RecordBatch::try_from_iter(columns).map(Some)
}

fn read_parquet(path: &Path) -> Result<Vec<RecordBatch>, Letter> {
    let file = File::open(path).map_err(|error| file_letter(path, "read", &error))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build());
    let reader = reader.map_err(|error| unreadable(path, &error))?;
    reader.collect::<Result<_, _>>().map_err(|error| unreadable(path, &error))
}

fn read_csv(path: &Path) -> Result<Vec<RecordBatch>, Letter> {
    let open = || File::open(path).map_err(|error| file_letter(path, "read", &error));
    let format = arrow::csv::reader::Format::default().with_header(true);
    let (schema, _) = format.infer_schema(open()?, None).map_err(|error| unreadable(path, &error))?;
    let reader = arrow::csv::ReaderBuilder::new(Arc::new(schema)).with_format(format).build(open()?);
    let reader = reader.map_err(|error| unreadable(path, &error))?;
    reader.collect::<Result<_, _>>().map_err(|error| unreadable(path, &error))
}

fn parquet_bytes(batch: &RecordBatch) -> Result<Vec<u8>, Letter> {
    let failed = |error: parquet::errors::ParquetError| {
        Letter::new(Code::InvalidInput, format!("The rows cannot be written as Parquet: {error}."))
    };
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).map_err(failed)?;
    writer.write(batch).map_err(failed)?;
    writer.into_inner().map_err(failed)
}

fn file_letter(path: &Path, verb: &str, error: &std::io::Error) -> Letter {
    Letter::new(Code::MissingFile, format!("{} cannot be {verb}: {error}.", path.display()))
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Letter {
    Letter::new(Code::InvalidInput, format!("{} cannot be understood: {error}.", path.display()))
}
