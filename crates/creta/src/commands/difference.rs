//! What a deployment would change, for people: shared by `creta apply` and `creta diff`.

use crate::screen;
use console::style;
use creta_model::diff::{Changes, Diff};
use creta_plan::Advice;
use serde::Deserialize;

/// What `POST /v1/deployments` answers.
#[derive(Deserialize)]
pub(crate) struct Proposed {
    /// None after a dry run.
    pub deployment_id: Option<String>,
    pub diff: Diff,
    #[serde(default)]
    pub warnings: Vec<Advice>,
}

impl Proposed {
    /// Prints the advice and every change; answers how many changes there are.
    pub fn show(&self) -> usize {
        screen::advice(&self.warnings);
        let diff = &self.diff;
        let named = [("feature", &diff.features), ("resolver", &diff.resolvers), ("named query", &diff.named_queries)];
        let changes: usize = named.iter().map(|(title, changes)| show(title, changes)).sum();
        if diff.sources && changes == 0 {
            println!("  {} source files", style("~").yellow());
            return 1;
        }
        changes
    }
}

fn show(title: &str, changes: &Changes) -> usize {
    for name in &changes.added {
        println!("  {} {title} {name}", style("+").green());
    }
    for change in &changes.changed {
        println!("  {} {title} {}  {}", style("~").yellow(), change.name, style(change.what.join(", ")).dim());
    }
    for name in &changes.removed {
        println!("  {} {title} {name}", style("-").red());
    }
    changes.added.len() + changes.changed.len() + changes.removed.len()
}
