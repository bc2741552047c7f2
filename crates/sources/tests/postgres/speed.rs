//! A measurement, run by hand: `cargo test --workspace --test sources -- postgres::speed --ignored --nocapture`.

use super::{Database, connect};
use creta_model::DataType;
use creta_ports::Source;
use futures::{TryStreamExt, pin_mut};
use std::time::{Duration, Instant};

use crate::sqlite::scan;

const TABLE: &str = "create table calls as
    select n::bigint as id, 'vessel ' || n % 1000 as vessel, n::float8 / 7 as teu, (n::numeric / 100) as fee,
           timestamptz '2024-01-01' + n * interval '1 second' as at
    from generate_series(1, 1000000) n; analyze calls";

/// A million rows of five columns as batches, next to the bare bytes of `COPY` that nobody decodes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn a_million_rows() {
    let Some(database) = Database::new("speed", TABLE).await else { return };
    let plain = database.source_with(&[("PGUSER", "plain"), ("PGSSLMODE", "disable")]).unwrap();
    database.run("grant select on calls to plain").await;
    let bare = connect(database.server, &database.name).await;
    let columns = [
        ("id", DataType::Int),
        ("vessel", DataType::Str),
        ("teu", DataType::Float),
        ("fee", DataType::Float),
        ("at", DataType::Datetime),
    ];
    let mut question = scan("select * from calls", &columns);
    question.timeout = Duration::from_secs(120);
    let encrypted = database.source();
    for _ in 0..3 {
        let begun = Instant::now();
        let bytes = bare.copy_out("copy calls to stdout (format binary)").await.unwrap();
        pin_mut!(bytes);
        while bytes.try_next().await.unwrap().is_some() {}
        let copied = begun.elapsed();
        let begun = Instant::now();
        assert_eq!(plain.scan(&question).await.unwrap().len(), 16);
        let scanned = begun.elapsed();
        let begun = Instant::now();
        assert_eq!(encrypted.scan(&question).await.unwrap().len(), 16);
        println!("COPY over the socket {copied:?}, scan without TLS {scanned:?}, with TLS {:?}", begun.elapsed());
    }
}
