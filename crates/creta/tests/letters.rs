//! Every code of the table of errors: provoked for real, with the exit status or HTTP status that the table promises,
//! and shown on its page in `docs/reference/errors`. `make gen` writes the pages; the test compares them.

mod definitions;
mod machine;
mod page;
mod queries;

use crate::product;
use creta_model::Code;
use std::collections::BTreeMap;

/// Codes that cannot be provoked, and why.
const NOT_PROVOKED: &[(Code, &str)] = &[
    (Code::Bug, "It means that Creta broke a rule of its own, so no input is known that leads to it."),
    (Code::Overloaded, "It takes 4,096 calls that wait for Python; the worker pool's own test uses a lower limit."),
];

/// What was done and what was answered, as a reader of the page sees it.
pub struct Shown {
    pub code: Code,
    /// Files and commands, as Markdown.
    pub deed: String,
    /// What was printed, word for word.
    pub answer: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters() {
    let Some(python) = product::python() else { return };
    let mut shown = definitions::provoke(&python).await;
    shown.extend(queries::provoke(&python).await);
    shown.extend(machine::provoke(&python).await);
    let mut by_code: BTreeMap<&str, Vec<Shown>> = BTreeMap::new();
    for one in shown {
        by_code.entry(one.code.name()).or_default().push(one);
    }
    let mut missing = Vec::new();
    for code in Code::ALL {
        let excuse = NOT_PROVOKED.iter().find(|(known, _)| known == code).map(|(_, why)| *why);
        let found = by_code.get(code.name()).map(Vec::as_slice).unwrap_or_default();
        assert!(excuse.is_none() || found.is_empty(), "{} was provoked after all", code.name());
        if excuse.is_none() && found.is_empty() {
            missing.push(code.name());
        }
        page::write_or_compare(*code, excuse, found);
    }
    page::write_or_compare_index();
    assert!(missing.is_empty(), "nothing provokes {missing:?}");
}
