//! Generated worlds: the engine and the oracle must give the same answers, online and offline, whatever is drawn.
//!
//! `make fuzz WORLDS=n SEED=s` runs as many as asked; a fixed-seed run is part of `make test`. The smallest world of a
//! seed that fails is printed.

mod python;

use crate::asking::{Asked, ask, cell_of, train, upload};
use crate::product::StandingClock;
use creta::compose::{Configuration, Product};
use creta_engine::Deployment;
use creta_model::Value;
use creta_ports::{Python, Source};
use creta_sources::SqliteSource;
use creta_testkit::oracle::{Answer, Oracle, Recompute};
use creta_testkit::scenario::Cell;
use creta_testkit::world::{Act, Size, World, call_python};
use python::RustFunctions;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worlds() {
    let (count, first) = (setting("CRETA_WORLDS", 150), setting("CRETA_WORLDS_SEED", 1));
    let mut cells = 0;
    let mut failures = Vec::new();
    for seed in first..first + count {
        match compare(seed, Size::FULL).await {
            Ok(compared) => cells += compared,
            Err(_) => failures.push(smallest(seed).await),
        }
        if failures.len() == 5 {
            break;
        }
    }
    println!("{count} worlds from seed {first}: {cells} cells compared, {} worlds differ", failures.len());
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}

/// The failure of the smallest world of this seed that fails.
async fn smallest(seed: u64) -> String {
    for size in Size::smaller().chain([Size::FULL]) {
        if let Err(failure) = compare(seed, size).await {
            let world = World::generate(seed, size);
            let bundle = serde_json::to_string(&world.bundle.entities).unwrap();
            let resolvers = serde_json::to_string(&world.bundle.resolvers).unwrap();
            let steps: Vec<String> = world.steps.iter().map(|step| format!("  {step:?}")).collect();
            let (script, steps) = (&world.script, steps.join("\n"));
            return format!("seed {seed}, {size:?}: {failure}\n{bundle}\n{resolvers}\n{script}{steps}");
        }
    }
    format!("seed {seed} failed once and not again")
}

/// Cells compared, or the first difference.
async fn compare(seed: u64, size: Size) -> Result<usize, String> {
    let world = World::generate(seed, size);
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(StandingClock::default());
    let product = open(&folder, clock.clone()).await;
    let deployment = deploy(&world, folder.path()).map_err(|fault| format!("deploy: {fault}"))?;
    product.state.types.learn(&deployment.id, deployment.project.graph());
    let graph = deployment.project.graph().clone();
    let oracle = Oracle::new(graph, world.facts.clone(), Box::new(call_python));
    let mut run = Run { product: &product, clock: &clock, deployment, oracle, cells: 0 };
    let mut outcome = Ok(());
    for (number, step) in world.steps.iter().enumerate() {
        outcome = run.step(step).await.map_err(|fault| format!("step {number}: {fault}"));
        if outcome.is_err() {
            break;
        }
    }
    let cells = run.cells;
    drop(run);
    product.close().await.unwrap();
    outcome.map(|()| cells)
}

async fn open(folder: &TempDir, clock: Arc<StandingClock>) -> Product {
    let configuration = Configuration {
        project: folder.path().to_owned(),
        data: folder.path().join("data"),
        python: None,
        workers: 1,
        body_limit: 1 << 20,
    };
    Product::open_with(&configuration, clock).await.unwrap()
}

fn deploy(world: &World, folder: &Path) -> Result<Arc<Deployment>, String> {
    let database = rusqlite::Connection::open(folder.join("facts.db")).unwrap();
    database.execute_batch(&world.script).unwrap();
    let project = creta_plan::check(&world.bundle).map_err(|letters| format!("{letters:#?}"))?;
    let source: Arc<dyn Source> = Arc::new(SqliteSource::open(folder, "facts.db", "facts").unwrap());
    let sources = HashMap::from([("facts".to_owned(), source)]);
    let python: Arc<dyn Python> = Arc::new(RustFunctions::of(&world.bundle));
    Ok(Arc::new(Deployment::new("world".to_owned(), project, world.bundle.clone(), sources, Some(python))))
}

struct Run<'a> {
    product: &'a Product,
    clock: &'a StandingClock,
    deployment: Arc<Deployment>,
    oracle: Oracle<'a>,
    cells: usize,
}

impl Run<'_> {
    async fn step(&mut self, step: &Act) -> Result<(), String> {
        match step {
            Act::Upload { at, values } => {
                self.clock.move_to(*at);
                upload(self.product, &self.deployment, values).await;
                self.oracle.upload(values, *at)
            }
            Act::Ask { at, given, outputs, now, staleness } => {
                self.clock.move_to(*at);
                let (given, outputs, staleness) = (given.clone(), outputs.clone(), staleness.clone());
                let asked = Asked { given, outputs, now: *now, staleness, named_query: None };
                self.ask(&asked, *at).await
            }
            Act::Train { given, times, outputs, recompute } => self.train(given, times, outputs, recompute).await,
        }
    }

    async fn ask(&mut self, asked: &Asked, at: i64) -> Result<(), String> {
        let found = ask(self.product, &self.deployment, asked).await?;
        let right = self.oracle.online(&asked.given, &asked.outputs, at, asked.now, &asked.staleness)?;
        for (index, output) in asked.outputs.iter().enumerate() {
            self.agree(output, &found[index].0, &cell_of(&right[index]))?;
            if found[index].1 != right[index].from_cache {
                return Err(format!(
                    "{output}: from the online store {}, oracle {}",
                    found[index].1, right[index].from_cache
                ));
            }
        }
        Ok(())
    }

    async fn train(
        &mut self,
        given: &BTreeMap<String, Vec<Value>>,
        times: &[i64],
        outputs: &[String],
        recompute: &Recompute,
    ) -> Result<(), String> {
        let found = train(self.product, &self.deployment, given, times, outputs, recompute).await?;
        for (row, time) in times.iter().enumerate() {
            let inputs = given.iter().map(|(name, values)| (name.clone(), values[row].clone())).collect();
            let right = self.oracle.offline(&inputs, *time, outputs, recompute)?;
            for (index, output) in outputs.iter().enumerate() {
                let right = Answer { outcome: right[index].clone(), from_cache: false };
                let place = format!("row {row}, {output}, {recompute:?}");
                self.agree(&place, &found[index][row], &cell_of(&right).in_training_set())?;
            }
        }
        Ok(())
    }

    fn agree(&mut self, place: &str, found: &Cell, right: &Cell) -> Result<(), String> {
        self.cells += 1;
        if right.agrees(found) {
            Ok(())
        } else {
            Err(format!("{place}: the engine says {found:?}, the oracle {right:?}"))
        }
    }
}
