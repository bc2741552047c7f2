//! The types of everything that may stand in the log, gathered from all deployments that wrote into it.

use creta_model::observation::Entry;
use creta_model::{Bundle, Code, DataType, Graph, Letter};
use creta_ports::offline::ColumnTypes;
use creta_ports::{Metadata, Position, Result};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

/// Types by namespace and by feature. The newest deployment's word counts; older ones fill the gaps it leaves.
pub struct KnownTypes {
    metadata: Arc<dyn Metadata>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    deployments: HashSet<String>,
    keys: HashMap<String, DataType>,
    columns: HashMap<String, HashMap<String, DataType>>,
}

impl KnownTypes {
    pub fn new(metadata: Arc<dyn Metadata>) -> KnownTypes {
        KnownTypes { metadata, known: RwLock::default() }
    }

    /// Takes over the types of a deployment that is about to serve.
    pub fn learn(&self, deployment: &str, graph: &Graph) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.deployments.insert(deployment.to_owned());
        for (namespace, name, data_type) in columns(graph) {
            known.columns.entry(namespace.to_owned()).or_default().insert(name.to_owned(), data_type.clone());
        }
        known.keys.extend(keys(graph));
    }

    /// Looks up the deployments that wrote these entries, unless they are known. They may be long replaced: an entry
    /// waits in the log until the offline store has it.
    pub(crate) async fn recall(&self, entries: &[(Position, Entry)]) -> Result<()> {
        let unknown: HashSet<String> = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let writers = entries.iter().filter_map(|(_, entry)| match entry {
                Entry::Observed(observations) => Some(&observations.deployment),
                Entry::Removed(_) => None,
            });
            writers.filter(|writer| !known.deployments.contains(*writer)).cloned().collect()
        };
        for id in unknown {
            let graph = match self.metadata.deployment(&id).await? {
                Some(deployment) => Some(graph(&deployment.bundle)?),
                None => None,
            };
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(graph) = graph {
                known.fill_gaps(&graph);
            }
            known.deployments.insert(id);
        }
        Ok(())
    }
}

impl Known {
    fn fill_gaps(&mut self, graph: &Graph) {
        for (namespace, name, data_type) in columns(graph) {
            let columns = self.columns.entry(namespace.to_owned()).or_default();
            columns.entry(name.to_owned()).or_insert_with(|| data_type.clone());
        }
        for (namespace, key) in keys(graph) {
            self.keys.entry(namespace).or_insert(key);
        }
    }
}

impl ColumnTypes for KnownTypes {
    fn key(&self, namespace: &str) -> Option<DataType> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).keys.get(namespace).cloned()
    }

    fn column(&self, namespace: &str, name: &str) -> Option<DataType> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.columns.get(namespace)?.get(name).cloned()
    }
}

fn graph(bundle: &str) -> Result<Graph> {
    let bundle: Bundle = serde_json::from_str(bundle)
        .map_err(|error| Letter::new(Code::StoreFailed, format!("A recorded bundle cannot be read: {error}.")))?;
    Graph::build(&bundle).map_err(|letters| {
        let first = letters.into_iter().next();
        first.unwrap_or_else(|| Letter::new(Code::StoreFailed, "A recorded bundle is no longer accepted."))
    })
}

fn columns(graph: &Graph) -> impl Iterator<Item = (&str, &str, &DataType)> {
    graph.features.iter().filter_map(|feature| {
        let scalar = graph.scalar(feature.id)?;
        Some((graph.entity(feature.entity).namespace.as_str(), feature.stored.as_str(), &scalar.data_type))
    })
}

fn keys(graph: &Graph) -> impl Iterator<Item = (String, DataType)> {
    graph.entities.iter().filter_map(|entity| {
        let scalar = graph.scalar(entity.primary_key?)?;
        Some((entity.namespace.clone(), scalar.data_type.clone()))
    })
}
