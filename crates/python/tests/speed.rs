//! What a call costs beyond the work of the resolver. Prints its measurement; what a machine under load does to it is no error.

use crate::project::{call, start};
use creta_ports::Python;
use std::time::Instant;

#[tokio::test]
async fn one_row_goes_there_and_back_quickly() {
    let Some(project) = start("one_row_goes_there_and_back_quickly", 1).await else { return };
    let mut times = Vec::with_capacity(2_000);
    for _ in 0..2_000 {
        let call = call("twice", &[21]);
        let begin = Instant::now();
        project.pool.call(call).await.unwrap();
        times.push(begin.elapsed());
    }
    times.sort();
    let (median, slow) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("one row through a worker and back: p50 {median:?}, p99 {slow:?}");
}
