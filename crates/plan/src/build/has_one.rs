//! Has-one relationships and singletons: one nested scope for each, however many features are read through it.

use super::scope::{Pending, ScopeBuilder};
use crate::stages::{Action, Enumerate, HasOne, Other, Slot, SlotInfo, Stage};
use creta_model::graph::{NodeKind, Path, RelationshipNode};
use creta_model::{Code, FeatureId, Letter};

/// A has-one stage that still gains exports.
#[derive(Clone)]
pub(super) struct PendingOne<'a> {
    other: Other,
    optional: bool,
    keys: Vec<Slot>,
    find: Option<Enumerate>,
    scope: ScopeBuilder<'a>,
    /// (slot of the nested scope, slot of ours).
    exports: Vec<(Slot, Slot)>,
}

impl<'a> PendingOne<'a> {
    pub(super) fn finish(self) -> Stage {
        let (exports, outputs) = self.exports.into_iter().unzip();
        let scope = self.scope.finish();
        let one = HasOne { other: self.other, optional: self.optional, find: self.find, scope, exports };
        Stage { inputs: self.keys, outputs, action: Action::HasOne(Box::new(one)) }
    }
}

impl<'a> ScopeBuilder<'a> {
    /// Our slot for something that `reach` finds in the scope of the related row; `reach` is told whether the path so
    /// far may lead nowhere.
    pub(super) fn through_one(
        &mut self,
        relationship: FeatureId,
        behind_optional: bool,
        reach: impl FnOnce(&mut ScopeBuilder<'a>, bool) -> Result<Slot, Letter>,
    ) -> Result<Slot, Letter> {
        let optional = behind_optional || self.related_one(relationship)?.optional;
        let index = match self.known_one(Other::Related(relationship), optional) {
            Some(index) => index,
            None => self.add_one(relationship, optional)?,
        };
        let theirs = reach(&mut self.ones[index].scope, optional)?;
        let inner = &self.ones[index].scope.slots[theirs.0].label;
        let label = self.path_label(relationship, inner);
        Ok(self.export(index, theirs, label))
    }

    /// Our slot for a feature of a singleton.
    pub(super) fn through_singleton(&mut self, path: &Path) -> Result<Slot, Letter> {
        let other = Other::Singleton(path.root);
        let index = match self.known_one(other, false) {
            Some(index) => index,
            None => {
                let scope = self.nested(path.root)?;
                self.push_one(PendingOne {
                    other,
                    optional: false,
                    keys: Vec::new(),
                    find: None,
                    scope,
                    exports: Vec::new(),
                })
            }
        };
        let theirs = self.ones[index].scope.need_path(&path.steps, path.feature)?;
        let label = self.ones[index].scope.slots[theirs.0].label.clone();
        Ok(self.export(index, theirs, label))
    }

    fn known_one(&self, other: Other, optional: bool) -> Option<usize> {
        self.ones.iter().position(|one| one.other == other && one.optional == optional)
    }

    fn push_one(&mut self, one: PendingOne<'a>) -> usize {
        self.ones.push(one);
        let index = self.ones.len() - 1;
        self.pending.push(Pending::HasOne(index));
        index
    }

    fn export(&mut self, index: usize, theirs: Slot, label: String) -> Slot {
        if let Some((_, ours)) = self.ones[index].exports.iter().find(|(slot, _)| *slot == theirs) {
            return *ours;
        }
        let info = &self.ones[index].scope.slots[theirs.0];
        let info = SlotInfo {
            feature: None,
            label,
            data_type: info.data_type.clone(),
            nullable: info.nullable || self.ones[index].optional,
            tainted: false,
        };
        let ours = self.add_slot(info);
        self.ones[index].exports.push((theirs, ours));
        ours
    }

    /// `berth.length` behind `ship.berth` is `ship.berth.length`, as callers write it.
    fn path_label(&self, relationship: FeatureId, label: &str) -> String {
        let node = self.graph().feature(relationship);
        let inner = label.split_once('.').map_or(label, |(_, inner)| inner);
        format!("{}.{inner}", node.fqn)
    }

    fn related_one(&self, relationship: FeatureId) -> Result<&'a RelationshipNode, Letter> {
        let node = self.graph().feature(relationship);
        match &node.kind {
            NodeKind::HasOne(related) => Ok(related),
            _ => Err(Letter::new(Code::InvalidQuery, format!("`{}` is not a has-one relationship.", node.fqn))),
        }
    }

    fn add_one(&mut self, relationship: FeatureId, optional: bool) -> Result<usize, Letter> {
        let node = self.graph().feature(relationship);
        let related = self.related_one(relationship)?;
        let keys = related.on.iter().map(|(local, _)| self.need(*local)).collect::<Result<Vec<_>, _>>()?;
        let mut scope = self.nested(related.entity)?;
        let key = self.graph().primary_key(related.entity);
        let by_key = matches!(related.on.as_slice(), [(_, foreign)] if Some(*foreign) == key);
        let find = match by_key {
            true => None,
            false => {
                let foreign: Vec<FeatureId> = related.on.iter().map(|(_, foreign)| *foreign).collect();
                let mut finder = self.nested(related.entity)?;
                Some(finder.enumerate(&foreign, &node.fqn)?)
            }
        };
        scope.give(
            key.ok_or_else(|| Letter::new(Code::PrimaryKey, format!("`{}` leads to a class without key.", node.fqn)))?,
        );
        let other = Other::Related(relationship);
        Ok(self.push_one(PendingOne { other, optional, keys, find, scope, exports: Vec::new() }))
    }
}
