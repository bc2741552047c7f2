//! Every folder of `scenarios/`: what the engine answers online and offline, what the oracle answers, and what is
//! written in the scenario must be the same.

mod facts;
mod python;

use crate::asking::{self, Asked, Sampling, ask, train, upload};
use crate::product::{self, Running};
use creta_engine::Deployment;
use creta_model::Value;
use creta_testkit::oracle::{Oracle, Recompute, Terms};
use creta_testkit::scenario::{Cell, Columns, Expected, Scenario, Step, expected, instant, value};
use python::Interpreter;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let entries = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("scenario.json").exists()).collect();
    let only = std::env::var("CRETA_SCENARIO").unwrap_or_default();
    folders.retain(|folder| folder.ends_with(&only) || only.is_empty());
    folders.sort();
    folders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_agree_online_offline_and_with_the_oracle() {
    let Some(python) = product::python() else { return };
    let mut faults = Vec::new();
    let mut cells = 0;
    let folders = folders();
    assert!(!folders.is_empty(), "there are no scenarios");
    for folder in &folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let found = match run(folder, &python).await {
            Ok(found) => found,
            Err(fault) => Findings { cells: 0, faults: vec![fault] },
        };
        cells += found.cells;
        faults.extend(found.faults.into_iter().map(|fault| format!("{name}: {fault}")));
    }
    println!("{} scenarios, {cells} cells compared, {} faults", folders.len(), faults.len());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What a scenario found.
#[derive(Default)]
struct Findings {
    cells: usize,
    faults: Vec<String>,
}

impl Findings {
    fn compare(&mut self, place: &str, expected: &Cell, found: &Cell) {
        self.cells += 1;
        if !expected.agrees(found) {
            self.faults.push(format!("{place}: expected {expected:?}, found {found:?}"));
        }
    }
}

async fn run(folder: &Path, python: &Path) -> Result<Findings, String> {
    let project = tempfile::tempdir().unwrap();
    facts::prepare(folder, project.path());
    let text = std::fs::read_to_string(folder.join("scenario.json")).unwrap();
    let scenario = Scenario::parse(&text)?;
    let running = Running::start(project.path(), python).await;
    let deployment = running.apply().await.map_err(|letters| format!("{letters:#?}"))?;
    let graph = deployment.project.graph().clone();
    let interpreter = Interpreter::start(python, project.path(), &graph);
    let call = |name: &str, arguments: &[(String, Value)]| interpreter.call(name, arguments);
    let oracle = Oracle::new(graph, facts::read(&deployment, project.path()), Box::new(call));
    let mut stage = Stage { running: &running, deployment, oracle, findings: Findings::default(), asked: Vec::new() };
    for (number, step) in scenario.steps.iter().enumerate() {
        stage.step(number + 1, step).await?;
    }
    if scenario.replays {
        stage.replay().await?;
    }
    let findings = std::mem::take(&mut stage.findings);
    drop(stage);
    running.stop().await;
    Ok(findings)
}

/// A scenario on its way.
struct Stage<'a> {
    running: &'a Running,
    deployment: Arc<Deployment>,
    oracle: Oracle<'a>,
    findings: Findings,
    /// Questions to be asked again as training sets, with what the engine answered.
    asked: Vec<(usize, Asked, i64, Vec<Cell>)>,
}

impl Stage<'_> {
    async fn step(&mut self, number: usize, step: &Step) -> Result<(), String> {
        match step {
            Step::Upload { at, values } => self.upload(instant(at)?, values).await,
            Step::Run { at, resolver, rows } => {
                self.running.clock.move_to(instant(at)?);
                let stored = asking::run_resolver(&self.running.product, &self.deployment, resolver).await;
                let expected = self.oracle.run(resolver, instant(at)?)?;
                let place = format!("step {number}: rows of {resolver}");
                let count = |rows: usize| Cell::Value(Value::Int(rows as i64));
                self.findings.compare(&place, &count(*rows), &count(expected));
                self.findings.compare(&place, &count(*rows), &count(stored as usize));
                Ok(())
            }
            Step::Ask { at, given, answer, refused, now, staleness, tags, required_resolver_tags, named_query } => {
                self.running.clock.move_to(instant(at)?);
                let asked = Asked {
                    given: typed_row(&self.deployment, given),
                    outputs: answer.keys().chain(refused.keys()).cloned().collect(),
                    now: now.as_deref().map(|now| instant(now).unwrap()),
                    terms: terms(staleness, tags, required_resolver_tags),
                    named_query: named_query.clone(),
                };
                match refused.values().next() {
                    None => self.ask(number, asked, answer).await,
                    Some(code) => self.refuse(number, asked, code).await,
                }
            }
            Step::Train { given, times, recompute, tags, required_resolver_tags, answer } => {
                let times: Vec<i64> = times.iter().map(|time| instant(time).unwrap()).collect();
                let rows = times.len();
                assert!(given.values().all(|column| column.len() == rows), "step {number}: {rows} times");
                let terms = terms(&BTreeMap::new(), tags, required_resolver_tags);
                self.train(number, given, &times, (&recompute.to_oracle(), &terms), answer).await
            }
        }
    }

    async fn upload(&mut self, at: i64, values: &Columns) -> Result<(), String> {
        self.running.clock.move_to(at);
        let columns = typed_columns(&self.deployment, values);
        upload(&self.running.product, &self.deployment, &columns).await;
        self.oracle.upload(&columns, at)
    }

    /// A question that nothing may run for.
    async fn refuse(&mut self, number: usize, asked: Asked, code: &str) -> Result<(), String> {
        let clock = creta_ports::Clock::now(self.running.clock.as_ref());
        let right = self.oracle.online(&asked.given, &asked.outputs, clock, asked.now, &asked.terms);
        let found = ask(&self.running.product, &self.deployment, &asked).await;
        let cell = |code: Option<&str>| Cell::Failed(code.unwrap_or("nothing").to_owned());
        let found = found.err().and_then(|refused| refused.codes.first().copied());
        let expected = cell(Some(code));
        self.findings.compare(&format!("step {number}, refused online"), &expected, &cell(found));
        let right = right.err().map(|refusal| refusal.code());
        self.findings.compare(&format!("step {number}, refused by the oracle"), &expected, &cell(right));
        Ok(())
    }

    async fn ask(&mut self, number: usize, asked: Asked, answer: &BTreeMap<String, Json>) -> Result<(), String> {
        let found = ask(&self.running.product, &self.deployment, &asked)
            .await
            .map_err(|refused| format!("step {number}: {refused:#?}"))?;
        let clock = self.running.clock.as_ref();
        let clock = creta_ports::Clock::now(clock);
        let right = self.oracle.online(&asked.given, &asked.outputs, clock, asked.now, &asked.terms);
        let right = right.map_err(|refusal| format!("step {number}: the oracle refuses: {refusal:?}"))?;
        for (index, output) in asked.outputs.iter().enumerate() {
            let Expected { cell, cached } = self.expected(output, &answer[output]);
            let place = format!("step {number}, {output}");
            self.findings.compare(&format!("{place}, online"), &cell, &found[index].0);
            self.findings.compare(&format!("{place}, oracle"), &cell, &asking::cell_of(&right[index]));
            if let Some(cached) = cached {
                let flag = |cached: bool| Cell::Value(Value::Bool(cached));
                self.findings.compare(&format!("{place}, is cached online"), &flag(cached), &flag(found[index].1));
                self.findings.compare(
                    &format!("{place}, is cached in the oracle"),
                    &flag(cached),
                    &flag(right[index].from_cache),
                );
            }
        }
        if asked.terms.staleness.is_empty() && asked.now.is_none() && asked.named_query.is_none() {
            self.asked.push((number, asked, clock, found.into_iter().map(|(cell, _)| cell).collect()));
        }
        Ok(())
    }

    async fn train(
        &mut self,
        number: usize,
        given: &Columns,
        times: &[i64],
        how: (&Recompute, &Terms),
        answer: &Columns,
    ) -> Result<(), String> {
        let given = typed_columns(&self.deployment, given);
        let outputs: Vec<String> = answer.keys().cloned().collect();
        let found = train(&self.running.product, &self.deployment, &given, times, &outputs, Sampling::default_of(how))
            .await
            .map_err(|refused| format!("step {number}: {refused:#?}"))?;
        for (row, time) in times.iter().enumerate() {
            let inputs = given.iter().map(|(name, values)| (name.clone(), values[row].clone())).collect();
            let right = self.oracle.offline(&inputs, *time, &outputs, how.0, how.1);
            let right = right.map_err(|refusal| format!("step {number}: the oracle refuses: {refusal:?}"))?;
            for (index, output) in outputs.iter().enumerate() {
                let expected = self.expected(output, &answer[output][row]).cell.in_training_set();
                let place = format!("step {number}, row {row}, {output}");
                self.findings.compare(&format!("{place}, offline"), &expected, &found[index][row]);
                let right = asking::cell_of(&right[index]).in_training_set();
                self.findings.compare(&format!("{place}, oracle"), &expected, &right);
            }
        }
        Ok(())
    }

    /// Decision 7, second equality.
    async fn replay(&mut self) -> Result<(), String> {
        for (number, asked, at, answered) in std::mem::take(&mut self.asked) {
            let given = asked.given.iter().map(|(name, value)| (name.clone(), vec![value.clone()])).collect();
            let how = Sampling::default_of((&Recompute::Everything, &asked.terms));
            let found = train(&self.running.product, &self.deployment, &given, &[at], &asked.outputs, how).await;
            let found = found.map_err(|refused| format!("step {number}: {refused:#?}"))?;
            for (index, output) in asked.outputs.iter().enumerate() {
                let place = format!("step {number}, {output}, replayed offline");
                self.findings.compare(&place, &answered[index].clone().in_training_set(), &found[index][0]);
            }
        }
        Ok(())
    }

    fn expected(&self, output: &str, json: &Json) -> Expected {
        let graph = self.deployment.project.graph();
        let path = graph.path(output).unwrap_or_else(|letter| panic!("{output}: {}", letter.message));
        let data_type = path.feature.and_then(|feature| graph.scalar(feature)).map(|scalar| scalar.data_type.clone());
        expected(&data_type.unwrap_or_else(|| panic!("{output} has no type")), json).unwrap()
    }
}

/// Staleness is written in seconds.
fn terms(staleness: &BTreeMap<String, i64>, tags: &[String], required: &[String]) -> Terms {
    let staleness = staleness.iter().map(|(name, seconds)| (name.clone(), seconds * 1_000_000)).collect();
    Terms { staleness, tags: tags.to_vec(), required_resolver_tags: required.to_vec() }
}

fn typed_row(deployment: &Deployment, row: &BTreeMap<String, Json>) -> BTreeMap<String, Value> {
    row.iter().map(|(name, json)| (name.clone(), typed(deployment, name, json))).collect()
}

fn typed_columns(deployment: &Deployment, columns: &Columns) -> BTreeMap<String, Vec<Value>> {
    let column = |name: &String, cells: &Vec<Json>| cells.iter().map(|json| typed(deployment, name, json)).collect();
    columns.iter().map(|(name, cells)| (name.clone(), column(name, cells))).collect()
}

fn typed(deployment: &Deployment, name: &str, json: &Json) -> Value {
    let graph = deployment.project.graph();
    let path = graph.path(name).unwrap_or_else(|letter| panic!("{name}: {}", letter.message));
    match (path.feature, graph.rows_of(&path)) {
        (Some(feature), _) => value(&graph.scalar(feature).unwrap().data_type, json).unwrap(),
        (None, Some(_)) => {
            Value::List(json.as_array().unwrap().iter().map(|row| typed_related(deployment, row)).collect())
        }
        (None, None) => panic!("{name} has no values"),
    }
}

/// A row of a relationship, by the own names of its features.
fn typed_related(deployment: &Deployment, row: &Json) -> Value {
    let own = |name: &str| Value::Str(name.split_once('.').unwrap().1.to_owned());
    let cells = row.as_object().unwrap().iter();
    Value::Map(cells.map(|(name, json)| (own(name), typed(deployment, name, json))).collect())
}
