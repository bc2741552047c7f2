//! `creta delete` and `creta drop`: stored values of some keys, or of whole features, are removed.

use crate::cli::{Delete, Drop, Forgetting};
use crate::client::Client;
use console::style;
use creta_model::{Code, Letter};
use serde_json::{Value, json};
use std::io::{IsTerminal, stdin};

pub async fn delete(command: Delete, json: bool) -> Result<(), Vec<Letter>> {
    let Delete { keys, features, tags, namespace, forgetting } = command;
    let namespace = match namespace {
        Some(namespace) => namespace,
        None => namespace_of(&features).map_err(|letter| vec![letter])?,
    };
    let of = if let [key] = &keys[..] { format!("key {key}") } else { format!("{} keys", keys.len()) };
    let tagged = tags.iter().map(|tag| format!("those tagged {tag}"));
    let what: Vec<String> = features.iter().cloned().chain(tagged).collect();
    let what = if what.is_empty() { "everything".to_owned() } else { what.join(", ") };
    let removal = Removal {
        what: format!("{what} of {of} of {namespace}{}", forgetting.stores()),
        path: "/v1/features/rows",
        body: json!({
            "namespace": namespace,
            "features": (!features.is_empty()).then_some(&features),
            "tags": (!tags.is_empty()).then_some(&tags),
            "primary_keys": keys,
            "retain_online": forgetting.retain_online,
            "retain_offline": forgetting.retain_offline,
        }),
        asks: features.is_empty() && tags.is_empty(),
    };
    removal.carry_out(&forgetting, json, "").await
}

pub async fn drop(command: Drop, json: bool) -> Result<(), Vec<Letter>> {
    let Drop { features, forgetting } = command;
    let removal = Removal {
        what: format!("everything stored of {}{}", features.join(", "), forgetting.stores()),
        path: "/v1/features/columns",
        body: json!({
            "namespace": namespace_of(&features).map_err(|letter| vec![letter])?,
            "features": features,
            "retain_online": forgetting.retain_online,
            "retain_offline": forgetting.retain_offline,
        }),
        asks: true,
    };
    let is_gone = !forgetting.retain_online && !forgetting.retain_offline;
    let note = if is_gone { "; the next `creta apply` may change the type" } else { "" };
    removal.carry_out(&forgetting, json, note).await
}

/// A request, and how people say it.
struct Removal {
    what: String,
    path: &'static str,
    body: Value,
    /// Whether it takes so much that people should confirm it.
    asks: bool,
}

impl Removal {
    async fn carry_out(self, forgetting: &Forgetting, json: bool, note: &str) -> Result<(), Vec<Letter>> {
        if self.asks && !forgetting.yes {
            confirm(&self.what).map_err(|letter| vec![letter])?;
        }
        let client = Client::connect(&forgetting.target).await?;
        client.delete_with(self.path, &self.body).await?;
        match json {
            true => println!("{}", json!({ "removed": self.body })),
            false => println!("{} {}{note}", style("removed").yellow().bold(), self.what),
        }
        Ok(())
    }
}

impl Forgetting {
    fn stores(&self) -> &'static str {
        match (self.retain_online, self.retain_offline) {
            (false, false) => ", online and offline",
            (true, false) => " from the offline store",
            (false, true) => " from the online store",
            (true, true) => " from no store",
        }
    }
}

fn namespace_of(features: &[String]) -> Result<String, Letter> {
    let first = features.first().and_then(|feature| feature.split_once('.'));
    first.map(|(namespace, _)| namespace.to_owned()).ok_or_else(|| {
        Letter::new(Code::InvalidInput, "It is not said whose values are to be removed.")
            .fix("Name features as `vessel.name`, or give `--namespace`.")
    })
}

fn confirm(what: &str) -> Result<(), Letter> {
    if !stdin().is_terminal() {
        return Err(Letter::new(Code::InvalidQuery, format!("Nobody can be asked whether to remove {what}."))
            .fix("Confirm it with `--yes`."));
    }
    eprint!("Remove {what}? It cannot be undone. [y/N] ");
    let mut answer = String::new();
    // An answer that cannot be read is no consent.
    stdin().read_line(&mut answer).ok();
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Letter::new(Code::Cancelled, "Nothing was removed."))
}
