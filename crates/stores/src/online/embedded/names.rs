//! Numbers for namespaces and features, so that keys and cells carry a few bytes instead of names.

use creta_model::{Code, Letter, Value};
use creta_ports::Result;
use std::collections::{HashMap, HashSet};

/// All names seen so far. Numbers are given in order of appearance. A feature that is dropped gets a new one; what rows
/// hold under the old one is never read again.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    namespaces: HashMap<String, Namespace>,
    /// (namespace, feature; empty for the namespace itself) in the order of their numbers.
    all: Vec<(String, String)>,
    /// Numbers that features no longer have.
    retired: HashSet<u32>,
}

#[derive(Debug, Clone)]
pub(super) struct Namespace {
    number: u32,
    features: HashMap<String, u32>,
}

impl Names {
    /// Must be called in the order of the numbers.
    pub fn learn(&mut self, namespace: &str, feature: &str) {
        let number = self.all.len() as u32;
        self.all.push((namespace.to_owned(), feature.to_owned()));
        if feature.is_empty() {
            self.namespaces.insert(namespace.to_owned(), Namespace { number, features: HashMap::new() });
        } else if let Some(namespace) = self.namespaces.get_mut(namespace) {
            self.retired.extend(namespace.features.insert(feature.to_owned(), number));
        }
    }

    /// Gives these features of a namespace new numbers; None = all of them.
    pub fn renumber(&mut self, namespace: &str, features: Option<&[String]>) {
        let Some(known) = self.namespaces.get(namespace) else { return };
        let is_dropped = |feature: &&String| features.is_none_or(|features| features.contains(feature));
        let dropped: Vec<String> = known.features.keys().filter(is_dropped).cloned().collect();
        for feature in dropped {
            self.learn(namespace, &feature);
        }
    }

    pub fn retired(&self) -> &HashSet<u32> {
        &self.retired
    }

    pub fn knows(&self, namespace: &str, feature: &str) -> bool {
        let known = self.namespaces.get(namespace);
        known.is_some_and(|namespace| feature.is_empty() || namespace.features.contains_key(feature))
    }

    pub fn namespace(&self, namespace: &str) -> Option<&Namespace> {
        self.namespaces.get(namespace)
    }

    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// Names with numbers from `first` on.
    pub fn since(&self, first: usize) -> impl Iterator<Item = (u32, &str, &str)> {
        let names = self.all.iter().enumerate().skip(first);
        names.map(|(number, (namespace, feature))| (number as u32, namespace.as_str(), feature.as_str()))
    }
}

impl Namespace {
    pub fn feature(&self, name: &str) -> Option<u32> {
        self.features.get(name).copied()
    }

    /// Writes the stored form of a key: the namespace's number and the key, in an order that keeps neighbours together.
    pub fn key(&self, key: &Value, into: &mut Vec<u8>) -> Result<()> {
        into.clear();
        into.extend(self.number.to_be_bytes());
        match key {
            Value::Int(key) => {
                into.push(b'i');
                into.extend((*key as u64 ^ (1 << 63)).to_be_bytes());
            }
            Value::Str(key) => {
                into.push(b's');
                into.extend(key.as_bytes());
            }
            _ => return Err(Letter::new(Code::Bug, "A primary key is neither an int nor a str.")),
        }
        Ok(())
    }
}
