//! Calls a project's Python resolvers for the oracle: a process that imports the definitions and calls plain
//! functions, so that it shares nothing with the workers.

use creta_model::bundle::ResolverBody;
use creta_model::{DataType, Graph, Value};
use creta_testkit::scenario::value;
use serde_json::{Value as Json, json};
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct Interpreter {
    child: RefCell<Child>,
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    /// Resolver → (module, function, is it a frame, output → type).
    resolvers: HashMap<String, Known>,
}

struct Known {
    module: String,
    function: String,
    namespace: String,
    frame: bool,
    outputs: HashMap<String, DataType>,
}

impl Interpreter {
    pub fn start(python: &Path, project: &Path, graph: &Graph) -> Interpreter {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/call.py");
        let mut child = Command::new(python)
            .arg(script)
            .current_dir(project)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pipes = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let resolvers = graph.resolvers.iter().filter_map(|resolver| {
            let ResolverBody::Python(body) = &resolver.body else { return None };
            let data_type = |output: &String| {
                let feature = graph.by_fqn(&format!("{}.{output}", body.entity)).unwrap();
                (output.clone(), graph.scalar(feature).unwrap().data_type.clone())
            };
            let known = Known {
                module: body.module.clone(),
                function: body.function.clone(),
                namespace: body.entity.clone(),
                frame: body.frame,
                outputs: body.outputs.iter().map(data_type).collect(),
            };
            Some((resolver.name.clone(), known))
        });
        Interpreter { child: RefCell::new(child), pipes: RefCell::new(pipes), resolvers: resolvers.collect() }
    }

    pub fn call(&self, resolver: &str, arguments: &[(String, Value)]) -> Result<Vec<(String, Value)>, String> {
        let known = &self.resolvers[resolver];
        let request = json!({
            "module": known.module,
            "function": known.function,
            "namespace": known.namespace,
            "frame": known.frame,
            "outputs": known.outputs.keys().collect::<Vec<_>>(),
            "arguments": arguments.iter().map(|(name, value)| json!([name, value])).collect::<Vec<_>>(),
        });
        let (input, output) = &mut *self.pipes.borrow_mut();
        writeln!(input, "{request}").unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let answer: Json = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{resolver}: {error}: {line}"));
        if let Some(error) = answer["error"].as_str() {
            return Err(error.to_owned());
        }
        let outputs = answer["values"].as_object().unwrap();
        Ok(outputs.iter().map(|(name, json)| (name.clone(), value(&known.outputs[name], json).unwrap())).collect())
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        let _ = self.child.get_mut().kill();
        let _ = self.child.get_mut().wait();
    }
}
