//! Builds the plan of one scope: asks for a feature, and everything it needs is asked for first.

use super::has_many::PendingRows;
use super::has_one::PendingOne;
use crate::project::Project;
use crate::question::{Mode, Question, Recompute};
use crate::stages::{Action, BoundProgram, CachedSlot, ProgramInput, SampledSlot, ScopePlan, Slot, SlotInfo, Stage};
use creta_expr::{Input, Program};
use creta_model::bundle::ResolverKind;
use creta_model::graph::Step;
use creta_model::{Code, DataType, EntityId, FeatureId, Graph, Letter, ResolverId};
use std::collections::{HashMap, HashSet};

/// Scopes inside scopes beyond this depth are taken for a definition that refers to itself for ever.
const MAX_DEPTH: usize = 12;

#[derive(Clone)]
pub(super) struct ScopeBuilder<'a> {
    pub(super) project: &'a Project,
    pub(super) question: &'a Question,
    pub(super) entity: EntityId,
    pub(super) depth: usize,
    pub(super) slots: Vec<SlotInfo>,
    pub(super) by_feature: HashMap<FeatureId, Slot>,
    pub(super) given: HashSet<FeatureId>,
    /// Slots that somebody asked for, as against by-products of a resolver.
    requested: HashSet<Slot>,
    in_progress: Vec<FeatureId>,
    cached: Vec<CachedSlot>,
    cached_names: Vec<String>,
    sampled: Vec<SampledSlot>,
    pub(super) pending: Vec<Pending>,
    pub(super) resolvers: HashSet<ResolverId>,
    pub(super) ones: Vec<PendingOne<'a>>,
    pub(super) rows: Vec<PendingRows<'a>>,
    /// Has-many relationships whose rows the caller gives.
    pub(super) given_rows: HashMap<FeatureId, GivenRows>,
    /// In the scope of has-many rows: features that the enumerating resolver yields, and those in use.
    pub(super) enumerated: Option<Enumerated>,
    pub(super) uses_time: bool,
}

/// Columns of the resolver that lists a scope's rows.
#[derive(Clone)]
pub(super) struct Enumerated {
    pub columns: HashMap<FeatureId, String>,
    pub used: Vec<(String, Slot)>,
}

/// Where the caller's rows of a relationship are, and which of their features the caller gives.
#[derive(Clone)]
pub(super) struct GivenRows {
    pub slot: Slot,
    pub columns: Vec<FeatureId>,
}

/// A stage, or the place of one that still grows.
#[derive(Clone)]
pub(super) enum Pending {
    Stage(Stage),
    HasOne(usize),
    HasMany(usize),
}

impl<'a> ScopeBuilder<'a> {
    pub(super) fn new(project: &'a Project, question: &'a Question, entity: EntityId, depth: usize) -> Self {
        ScopeBuilder {
            project,
            question,
            entity,
            depth,
            slots: Vec::new(),
            by_feature: HashMap::new(),
            given: HashSet::new(),
            requested: HashSet::new(),
            in_progress: Vec::new(),
            cached: Vec::new(),
            cached_names: Vec::new(),
            sampled: Vec::new(),
            pending: Vec::new(),
            resolvers: HashSet::new(),
            ones: Vec::new(),
            rows: Vec::new(),
            given_rows: HashMap::new(),
            enumerated: None,
            uses_time: false,
        }
    }

    /// Whether nothing is read from a store or computed.
    pub(super) fn is_only_given(&self) -> bool {
        self.pending.is_empty() && self.cached.is_empty() && self.sampled.is_empty()
    }

    pub(super) fn graph(&self) -> &'a Graph {
        self.project.graph()
    }

    pub(super) fn entity(&self) -> EntityId {
        self.entity
    }

    pub(super) fn nested(&self, entity: EntityId) -> Result<ScopeBuilder<'a>, Letter> {
        if self.depth >= MAX_DEPTH {
            let names: Vec<&str> = self.in_progress.iter().map(|id| self.graph().feature(*id).fqn.as_str()).collect();
            let message = format!("The definitions refer to each other without end: {}.", names.join(" → "));
            return Err(Letter::new(Code::InvalidQuery, message));
        }
        Ok(ScopeBuilder::new(self.project, self.question, entity, self.depth + 1))
    }

    /// A given feature: nothing else will produce it.
    pub(super) fn give(&mut self, feature: FeatureId) -> Slot {
        let slot = self.feature_slot(feature);
        self.given.insert(feature);
        self.requested.insert(slot);
        self.slots[slot.0].tainted = self.depth == 0 && self.graph().primary_key(self.entity) != Some(feature);
        slot
    }

    pub(super) fn add_slot(&mut self, info: SlotInfo) -> Slot {
        self.slots.push(info);
        Slot(self.slots.len() - 1)
    }

    pub(super) fn feature_slot(&mut self, feature: FeatureId) -> Slot {
        if let Some(slot) = self.by_feature.get(&feature) {
            return *slot;
        }
        let node = self.graph().feature(feature);
        let (data_type, nullable) = match self.graph().scalar(feature) {
            Some(scalar) => (scalar.data_type.clone(), scalar.nullable),
            None => (DataType::Bool, true),
        };
        let slot = self.add_slot(SlotInfo {
            feature: Some(feature),
            label: node.fqn.clone(),
            data_type,
            nullable,
            tainted: false,
        });
        self.by_feature.insert(feature, slot);
        slot
    }

    pub(super) fn key_slot(&self) -> Option<Slot> {
        self.graph().primary_key(self.entity).and_then(|key| self.by_feature.get(&key)).copied()
    }

    /// The slot of a path that starts in this scope.
    pub(super) fn need_path(&mut self, steps: &[Step], feature: Option<FeatureId>) -> Result<Slot, Letter> {
        self.need_behind(false, steps, feature)
    }

    /// [`Self::need_path`] for the rest of a path; behind an optional relationship all others are optional too.
    fn need_behind(&mut self, optional: bool, steps: &[Step], feature: Option<FeatureId>) -> Result<Slot, Letter> {
        match (steps.split_first(), feature) {
            (None, Some(feature)) => self.need(feature),
            (Some((Step::HasOne(relationship), rest)), _) if rest.is_empty() && feature.is_none() => {
                let fqn = &self.graph().feature(*relationship).fqn;
                Err(Letter::new(Code::InvalidQuery, format!("`{fqn}` is a relationship; name a feature behind it.")))
            }
            (Some((Step::HasOne(relationship), rest)), _) => {
                self.through_one(*relationship, optional, |nested, optional| {
                    nested.need_behind(optional, rest, feature)
                })
            }
            (Some((Step::HasMany(relationship), rest)), _) => self.need_rows(*relationship, rest, feature),
            (None, None) => Err(Letter::new(Code::InvalidQuery, "The path names no feature.")),
        }
    }

    /// The slot of a feature of this entity, with everything that fills it planned before it.
    pub(super) fn need(&mut self, feature: FeatureId) -> Result<Slot, Letter> {
        if let Some(slot) = self.by_feature.get(&feature).copied() {
            if self.requested.insert(slot) {
                self.read_stores(feature, slot);
                self.fall_back_to_default(feature, slot);
            }
            return Ok(slot);
        }
        if self.in_progress.contains(&feature) {
            let fqn = &self.graph().feature(feature).fqn;
            return Err(Letter::new(Code::InvalidQuery, format!("`{fqn}` needs itself to be computed.")));
        }
        self.in_progress.push(feature);
        let outcome = self.produce(feature);
        self.in_progress.pop();
        outcome
    }

    fn produce(&mut self, feature: FeatureId) -> Result<Slot, Letter> {
        self.graph().ungrouped(feature).map_err(|letter| Letter { code: Code::InvalidQuery, ..letter })?;
        if let Some(slot) = self.enumerated_slot(feature) {
            return Ok(slot);
        }
        if self.is_sampled(feature) {
            let slot = self.feature_slot(feature);
            self.requested.insert(slot);
            self.sample(feature, slot);
            return Ok(slot);
        }
        let offline = matches!(self.question.mode, Mode::Offline(_));
        let program = self.project.program(feature, offline);
        let produced = match program {
            Some(program) => self.compute(feature, program),
            None => self.resolve(feature),
        };
        let supposed = produced.is_err() && program.is_some_and(|program| self.reads_given(program));
        if let Err(letter) = produced
            && (letter.code == Code::AmbiguousResolver || !self.has_fallback(feature))
        {
            return Err(letter);
        }
        let slot = self.feature_slot(feature);
        self.requested.insert(slot);
        self.slots[slot.0].tainted |= supposed;
        self.read_stores(feature, slot);
        self.fall_back_to_default(feature, slot);
        Ok(slot)
    }

    /// Whether a program reads what the caller gave besides the key.
    fn reads_given(&self, program: &Program) -> bool {
        program.inputs.iter().any(|input| match input {
            Input::Feature(path) => {
                let slot = path.feature.filter(|_| path.steps.is_empty()).and_then(|id| self.by_feature.get(&id));
                slot.is_some_and(|slot| self.slots[slot.0].tainted)
            }
            Input::Aggregate(aggregate) => self.given_rows.contains_key(&aggregate.rows),
            Input::Outer(_) | Input::Now => false,
        })
    }

    fn enumerated_slot(&mut self, feature: FeatureId) -> Option<Slot> {
        let column = self.enumerated.as_ref()?.columns.get(&feature)?.clone();
        let slot = self.give(feature);
        self.enumerated.as_mut()?.used.push((column, slot));
        Some(slot)
    }

    pub(super) fn is_sampled(&self, feature: FeatureId) -> bool {
        match &self.question.mode {
            Mode::Online | Mode::Offline(Recompute::Everything) => false,
            Mode::Offline(Recompute::Nothing) => true,
            Mode::Offline(Recompute::Only(names)) => !names.iter().any(|name| self.is_called(feature, name)),
            Mode::Offline(Recompute::Except(names)) => names.iter().any(|name| self.is_called(feature, name)),
        }
    }

    /// Whether `name` is the feature, its class, or the windowed feature it is a window of.
    fn is_called(&self, feature: FeatureId, name: &str) -> bool {
        let node = self.graph().feature(feature);
        let windowed = || {
            let (namespace, last) = name.split_once('.')?;
            let windows = self.graph().windows(self.graph().namespace(namespace)?, last)?;
            windows.iter().find(|(_, id)| *id == feature)
        };
        node.fqn == name || self.graph().entity(node.entity).namespace == name || windowed().is_some()
    }

    fn sample(&mut self, feature: FeatureId, slot: Slot) {
        let node = self.graph().feature(feature);
        let time_to_live = self.graph().scalar(feature).and_then(|scalar| scalar.caching.offline_ttl);
        let is_feature_time = self.graph().entity(self.entity).feature_time == Some(feature);
        self.sampled.push(SampledSlot {
            slot,
            name: node.stored.clone(),
            time_to_live,
            earlier: false,
            is_feature_time,
        });
        self.uses_time = true;
    }

    /// Framework §8: effective staleness of the query, the feature or the class.
    fn read_stores(&mut self, feature: FeatureId, slot: Slot) {
        if !matches!(self.question.mode, Mode::Online) || self.key_slot().is_none() || self.key_slot() == Some(slot) {
            return;
        }
        let node = self.graph().feature(feature);
        let asked = self.question.staleness.iter().find(|(name, _)| self.is_called(feature, name));
        let declared = self.graph().scalar(feature).map_or(0, |scalar| scalar.caching.max_staleness);
        let staleness = asked.map_or(declared, |(_, staleness)| *staleness);
        if staleness > 0 {
            self.cached.push(CachedSlot { slot, ages: 0..=staleness });
            self.cached_names.push(node.stored.clone());
        }
    }

    /// The slot of what was stored of a feature before the query time, however old it is.
    pub(super) fn need_last(&mut self, feature: FeatureId) -> Result<Slot, Letter> {
        let node = self.graph().feature(feature);
        let Some(scalar) = self.graph().scalar(feature).filter(|_| self.key_slot().is_some()) else {
            let message = format!("The last value of `{}` cannot be found without a primary key.", node.fqn);
            return Err(Letter::new(Code::ResolverNotFound, message).feature(&node.fqn));
        };
        let (data_type, time_to_live) = (scalar.data_type.clone(), scalar.caching.offline_ttl);
        let label = format!("Last[{}]", node.fqn);
        if let Some(known) = self.slots.iter().position(|slot| slot.label == label) {
            return Ok(Slot(known));
        }
        let slot = self.add_slot(SlotInfo { feature: None, label, data_type, nullable: true, tainted: false });
        let name = node.stored.clone();
        if let Mode::Online = self.question.mode {
            self.cached.push(CachedSlot { slot, ages: 1..=i64::MAX });
            self.cached_names.push(name);
        } else {
            self.sampled.push(SampledSlot { slot, name, time_to_live, earlier: true, is_feature_time: false });
        }
        self.uses_time = true;
        Ok(slot)
    }

    /// A default, or a cache-only feature: online an upload or a batch may have filled it, offline it is missing
    /// (framework §6.6). What has an expression or a resolver of this context is not cache-only, even where the
    /// question's tags keep it from running.
    fn has_fallback(&self, feature: FeatureId) -> bool {
        let online = matches!(self.question.mode, Mode::Online);
        let runs = |id: &ResolverId| !online || self.graph().resolver(*id).kind == ResolverKind::Online;
        self.graph().scalar(feature).is_some_and(|scalar| {
            let computed = scalar.expression.is_some() || self.project.producers(feature).iter().any(runs);
            scalar.default.is_some() || (scalar.caching.max_staleness > 0 && !computed)
        })
    }

    fn fall_back_to_default(&mut self, feature: FeatureId, slot: Slot) {
        let default = self.graph().scalar(feature).and_then(|scalar| scalar.default.clone());
        if let Some(default) = default {
            let stage = Stage { inputs: Vec::new(), outputs: vec![slot], action: Action::Default(default) };
            self.pending.push(Pending::Stage(stage));
        }
    }

    fn compute(&mut self, feature: FeatureId, program: &'a Program) -> Result<(), Letter> {
        // An expression that is nothing but an aggregate or another feature still gets its own slot: it has its own
        // name, type, staleness and history.
        let (bound, inputs) = self.bind(program)?;
        let slot = self.feature_slot(feature);
        let action = Action::Expression(bound);
        self.pending.push(Pending::Stage(Stage { inputs, outputs: vec![slot], action }));
        Ok(())
    }

    /// Plans a program's inputs in this scope. Answers the slots it reads here.
    pub(super) fn bind(&mut self, program: &Program) -> Result<(BoundProgram, Vec<Slot>), Letter> {
        let (bound, slots, _) = self.bind_within(program, None)?;
        Ok((bound, slots))
    }

    /// [`Self::bind`] for a program that may also read the scope around. Answers inner and outer slots.
    pub(super) fn bind_within(
        &mut self,
        program: &Program,
        mut outer: Option<&mut ScopeBuilder<'a>>,
    ) -> Result<(BoundProgram, Vec<Slot>, Vec<Slot>), Letter> {
        let (mut inner_slots, mut outer_slots) = (Vec::new(), Vec::new());
        let mut inputs = Vec::with_capacity(program.inputs.len());
        for input in &program.inputs {
            inputs.push(match (input, outer.as_deref_mut()) {
                (Input::Feature(path), _) => {
                    let slot = self.need_path(&path.steps, path.feature)?;
                    inner_slots.push(slot);
                    ProgramInput::Slot(slot)
                }
                (Input::Aggregate(aggregate), _) => {
                    let slot = self.need_aggregate(aggregate)?;
                    inner_slots.push(slot);
                    ProgramInput::Slot(slot)
                }
                (Input::Outer(path), Some(outer)) => {
                    let slot = outer.need_path(&path.steps, path.feature)?;
                    outer_slots.push(slot);
                    ProgramInput::Outer(slot)
                }
                (Input::Outer(_), None) => {
                    return Err(Letter::new(Code::Expression, "`__` is used where no scope is around."));
                }
                (Input::Now, _) => {
                    self.uses_time = true;
                    ProgramInput::Now
                }
            });
        }
        let bound = BoundProgram { program: program.clone(), inputs, spared: program.spared() };
        Ok((bound, inner_slots, outer_slots))
    }

    pub(super) fn finish(self) -> ScopePlan {
        let key = self.key_slot();
        let mut uses_time = self.uses_time;
        let mut ones: Vec<Option<PendingOne<'a>>> = self.ones.into_iter().map(Some).collect();
        let mut rows: Vec<Option<PendingRows<'a>>> = self.rows.into_iter().map(Some).collect();
        let mut stages = Vec::with_capacity(self.pending.len());
        for pending in self.pending {
            let stage = match pending {
                Pending::Stage(stage) => Some(stage),
                Pending::HasOne(index) => ones[index].take().map(PendingOne::finish),
                Pending::HasMany(index) => rows[index].take().map(PendingRows::finish),
            };
            if let Some(stage) = &stage {
                uses_time |= stage_uses_time(stage);
            }
            stages.extend(stage);
        }
        let mut slots = self.slots;
        for stage in &stages {
            if stage.inputs.iter().any(|slot| slots[slot.0].tainted) {
                stage.outputs.iter().for_each(|slot| slots[slot.0].tainted = true);
            }
        }
        ScopePlan {
            entity: self.entity,
            slots,
            key,
            cached: self.cached,
            cached_names: self.cached_names,
            sampled: self.sampled,
            stages,
            uses_time,
        }
    }
}

fn stage_uses_time(stage: &Stage) -> bool {
    match &stage.action {
        Action::HasOne(one) => one.scope.uses_time || one.find.as_ref().is_some_and(|find| find.time.is_some()),
        Action::HasMany(many) => {
            many.enumerate.time.is_some()
                || many.scope.uses_time
                || many.products.iter().any(|product| !product.bounds.is_empty())
        }
        Action::Lookup(_) | Action::Python(_) | Action::Expression(_) | Action::Default(_) => false,
    }
}
