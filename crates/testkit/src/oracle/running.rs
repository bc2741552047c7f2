//! Runs of SQL resolvers: their rows become observations, of incremental ones those from the cursor on (framework §7.1).

use super::{Oracle, Write};
use creta_model::Value;
use creta_model::bundle::{Incremental, ResolverBody};
use creta_model::observation::Producer;

impl Oracle<'_> {
    /// Stores the rows of a SQL resolver whose facts have all that its bound needs; answers how many.
    pub fn run(&mut self, resolver: &str, clock: i64) -> Result<usize, String> {
        let node = self.graph.resolvers.iter().find(|node| node.name == resolver).ok_or("unknown resolver")?;
        let ResolverBody::Sql(body) = &node.body else { return Err("not a SQL resolver".to_owned()) };
        let incremental = body.incremental.clone();
        let class = body.resolves.clone();
        let listing = self.facts.get(resolver).cloned().unwrap_or_default();
        let entity = self.graph.entities.iter().position(|entity| entity.class.eq_ignore_ascii_case(&class));
        let entity = creta_model::EntityId(entity.ok_or("unknown class")? as u32);
        let key = self.graph.primary_key(entity).map(|key| self.graph.feature(key).name.clone()).ok_or("no key")?;
        let since = incremental.as_ref().and_then(|how| Some(self.cursors.get(resolver)? - how.lookback));
        let mut stored = 0;
        let mut latest = None;
        for fact in listing.rows.iter().filter(|fact| is_wanted(incremental.as_ref(), since, fact)) {
            let observed_at = self.time_of(entity, fact);
            latest = latest.max(observed_at);
            stored += 1;
            for (column, value) in fact.iter().filter(|(column, _)| **column != key) {
                let feature = self.graph.member(entity, column).ok_or("unknown column")?;
                let (key, value) = (fact[&key].clone(), value.clone());
                let write = Write { feature, key, observed_at: observed_at.unwrap_or(clock), value, is_default: false };
                self.write(Producer::Offline { store_online: true, store_offline: true }, &write, clock, false);
            }
        }
        let is_timeless = self.graph.entity(entity).feature_time.is_none();
        let reached = if is_timeless { Some(clock) } else { latest.map(|latest| latest.min(clock)) };
        if let (Some(reached), Some(_)) = (reached, &incremental) {
            let cursor = self.cursors.entry(resolver.to_owned()).or_insert(reached);
            *cursor = reached.max(*cursor);
        }
        Ok(stored)
    }
}

fn is_wanted(
    incremental: Option<&Incremental>,
    since: Option<i64>,
    fact: &std::collections::BTreeMap<String, Value>,
) -> bool {
    let column = incremental.and_then(|how| how.column.as_ref()).and_then(|column| fact.get(column));
    match (since, column) {
        (Some(since), Some(Value::Datetime(at))) => *at >= since,
        _ => true,
    }
}
