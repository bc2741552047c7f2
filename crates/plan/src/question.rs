//! What a caller asks. Its shape decides the plan; the values it is asked with do not.

use std::collections::BTreeMap;

/// A question without its values: the key of the plan cache.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// Fully qualified names of the given features, in the order of the given columns.
    pub inputs: Vec<String>,
    /// Output paths as the caller wrote them.
    pub outputs: Vec<String>,
    pub mode: Mode,
    /// Feature or namespace → microseconds.
    pub staleness: BTreeMap<String, i64>,
    pub tags: Vec<String>,
    pub required_resolver_tags: Vec<String>,
    /// Name of the environment, for resolvers limited to some.
    pub environment: String,
    /// Sampling sees only what had been written by each row's time too: what was known then, not what is known now of
    /// then (decision 7).
    pub as_known: bool,
}

/// Which of the two execution contexts (framework, "The two execution contexts").
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Mode {
    Online,
    Offline(Recompute),
}

/// Framework §10, `recompute_features`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recompute {
    /// Every output is sampled; no resolver runs.
    Nothing,
    /// The offline store is ignored.
    Everything,
    /// These are recomputed, everything else, their inputs included, is sampled.
    Only(Vec<String>),
    /// These are sampled, everything else is recomputed.
    Except(Vec<String>),
}

impl Question {
    /// An online question about `outputs` given `inputs`.
    pub fn online(inputs: Vec<String>, outputs: Vec<String>) -> Question {
        Question {
            inputs,
            outputs,
            mode: Mode::Online,
            staleness: BTreeMap::new(),
            tags: Vec::new(),
            required_resolver_tags: Vec::new(),
            environment: "default".to_owned(),
            as_known: false,
        }
    }
}
