//! Has-many relationships: who lists the rows, and what is made of them.

use super::scope::{Enumerated, GivenRows, Pending, ScopeBuilder};
use crate::candidates;
use crate::stages::{
    Action, BoundProgram, ChildBound, Enumerate, HasMany, Lister, Product, ProductKind, ProgramInput, Slot, SlotInfo,
    Stage,
};
use creta_expr::{Aggregate, Input, Program};
use creta_model::bundle::DuplicateOutputs;
use creta_model::data_type::StructField;
use creta_model::graph::{NodeKind, RelationshipNode, Step};
use creta_model::{Code, DataType, FeatureId, Letter, ResolverId};

/// A has-many stage that still gains products.
#[derive(Clone)]
pub(super) struct PendingRows<'a> {
    relationship: FeatureId,
    keys: Vec<Slot>,
    /// Slots of our scope that filters read through `__`.
    outer: Vec<Slot>,
    scope: ScopeBuilder<'a>,
    enumerate: Enumerate,
    products: Vec<(Product, Slot)>,
}

impl<'a> PendingRows<'a> {
    pub(super) fn finish(self) -> Stage {
        let (products, outputs): (Vec<Product>, Vec<Slot>) = self.products.into_iter().unzip();
        let mut columns = self.scope.enumerated.as_ref().map(|enumerated| enumerated.used.clone()).unwrap_or_default();
        if !self.scope.needs_key(&self.enumerate, &products) {
            let key = self.scope.key_slot();
            columns.retain(|(_, slot)| Some(*slot) != key);
        }
        let enumerate = Enumerate { columns, ..self.enumerate };
        let scope = self.scope.finish();
        let many = HasMany { relationship: self.relationship, enumerate, scope, products };
        let inputs = self.keys.into_iter().chain(self.outer).collect();
        Stage { inputs, outputs, action: Action::HasMany(Box::new(many)) }
    }
}

impl<'a> ScopeBuilder<'a> {
    /// Whether the primary key of listed rows is of any use: to tell versions apart, to order what has the same time, to
    /// join, or as a value of its own.
    fn needs_key(&self, enumerate: &Enumerate, products: &[Product]) -> bool {
        let (Lister::Resolver(resolver), Some(key)) = (enumerate.lister, self.key_slot()) else { return true };
        let name = self.graph().primary_key(self.entity).map(|key| &self.graph().feature(key).name);
        let resolver = self.graph().resolver(resolver);
        let is_unique = resolver.handle_duplicate_outputs == DuplicateOutputs::Deduplicate
            && matches!(resolver.unique_on.as_slice(), [only] if Some(only) == name);
        let reads = |program: &BoundProgram| program.inputs.contains(&ProgramInput::Slot(key));
        let is_of_use = |product: &Product| match &product.kind {
            ProductKind::Aggregate { function, value, by, .. } => {
                function.depends_on_order() || product.filters.iter().chain(value).chain(by).any(reads)
            }
            ProductKind::Rows { .. } | ProductKind::Column(_) => true,
        };
        !is_unique
            || !self.is_only_given()
            || enumerate.join.contains(&key)
            || products.iter().any(|product| product.limit.is_some() || is_of_use(product))
    }

    /// The slot of an aggregate over rows related to this scope's row.
    pub(super) fn need_aggregate(&mut self, aggregate: &Aggregate) -> Result<Slot, Letter> {
        self.need_aggregate_behind(false, aggregate)
    }

    fn need_aggregate_behind(&mut self, optional: bool, aggregate: &Aggregate) -> Result<Slot, Letter> {
        if let Some((first, rest)) = aggregate.through.split_first() {
            let inner = Aggregate { through: rest.to_vec(), ..aggregate.clone() };
            return self
                .through_one(*first, optional, |nested, optional| nested.need_aggregate_behind(optional, &inner));
        }
        let index = self.rows_stage(aggregate.rows, reads_outer(aggregate))?;
        let product = self.aggregate_product(index, aggregate)?;
        let label = format!("{}.{:?}", self.graph().feature(aggregate.rows).fqn, aggregate.function).to_lowercase();
        let info =
            SlotInfo { feature: None, label, data_type: aggregate.data_type.clone(), nullable: true, tainted: false };
        Ok(self.add_product(index, product, info))
    }

    /// `calls` (the rows) or `calls.teu` (one column as a list) as an output or argument.
    pub(super) fn need_rows(
        &mut self,
        relationship: FeatureId,
        rest: &[Step],
        feature: Option<FeatureId>,
    ) -> Result<Slot, Letter> {
        if rest.iter().any(|step| matches!(step, Step::HasMany(_))) {
            let fqn = &self.graph().feature(relationship).fqn;
            let message = format!("`{fqn}` leads to further rows; rows of rows cannot be asked for.");
            return Err(Letter::new(Code::InvalidQuery, message).fix("Ask for the inner rows from their own entity."));
        }
        match feature {
            Some(_) => {
                let index = self.rows_stage(relationship, false)?;
                let slot = self.rows[index].scope.need_path(rest, feature)?;
                let item = self.rows[index].scope.slots[slot.0].data_type.clone();
                let product = Product { bounds: vec![], filters: vec![], limit: None, kind: ProductKind::Column(slot) };
                let label = self.rows[index].scope.slots[slot.0].label.clone();
                let info = SlotInfo {
                    feature: None,
                    label,
                    data_type: DataType::List(Box::new(item)),
                    nullable: false,
                    tainted: false,
                };
                Ok(self.add_product(index, product, info))
            }
            None => {
                let entity = self.related(relationship)?.entity;
                let columns: Vec<FeatureId> = self.graph().scalars(entity).collect();
                self.rows_product(relationship, &columns, all_rows())
            }
        }
    }

    /// `calls[id,teu]`, or the same behind has-one relationships: rows with the columns that the caller lists.
    pub(super) fn need_listed_rows(&mut self, steps: &[Step], columns: &[FeatureId]) -> Result<Slot, Letter> {
        match steps {
            [Step::HasOne(one), rest @ ..] => {
                self.through_one(*one, false, |nested, _| nested.need_listed_rows(rest, columns))
            }
            [Step::HasMany(relationship)] => {
                let index = self.rows_stage(*relationship, false)?;
                columns.iter().try_for_each(|column| self.rows[index].scope.need(*column).map(drop))?;
                self.rows_product(*relationship, columns, all_rows())
            }
            _ => Err(Letter::new(Code::InvalidQuery, "Rows of rows cannot be asked for.")),
        }
    }

    /// The rows of a relationship are given: nobody else lists them.
    pub(super) fn give_rows(&mut self, relationship: FeatureId, columns: Vec<FeatureId>) -> Slot {
        let field = |id: &FeatureId| {
            let data_type = self.graph().scalar(*id).map_or(DataType::Bool, |scalar| scalar.data_type.clone());
            StructField { name: self.graph().feature(*id).fqn.clone(), data_type, nullable: true }
        };
        let data_type = DataType::List(Box::new(DataType::Struct(columns.iter().map(field).collect())));
        let label = self.graph().feature(relationship).fqn.clone();
        let slot = self.add_slot(SlotInfo { feature: None, label, data_type, nullable: false, tainted: true });
        self.given_rows.insert(relationship, GivenRows { slot, columns });
        slot
    }

    /// Rows with these columns after the filters of `shape`; columns that cannot be planned are left out.
    pub(super) fn rows_product(
        &mut self,
        relationship: FeatureId,
        columns: &[FeatureId],
        shape: Product,
    ) -> Result<Slot, Letter> {
        let index = self.rows_stage(relationship, false)?;
        let mut named = Vec::with_capacity(columns.len());
        let mut fields = Vec::with_capacity(columns.len());
        for column in columns {
            let Ok(slot) = self.rows[index].scope.need(*column) else { continue };
            let info = &self.rows[index].scope.slots[slot.0];
            let name = self.graph().feature(*column).fqn.clone();
            fields.push(StructField { name: name.clone(), data_type: info.data_type.clone(), nullable: true });
            named.push((name, slot));
        }
        let product = Product { kind: ProductKind::Rows { columns: named }, ..shape };
        let data_type = DataType::List(Box::new(DataType::Struct(fields)));
        let label = self.graph().feature(relationship).fqn.clone();
        Ok(self.add_product(
            index,
            product,
            SlotInfo { feature: None, label, data_type, nullable: false, tainted: false },
        ))
    }

    /// Filters of an argument such as `Vessel.calls[PortCall.detained == True]`, as an otherwise empty product.
    pub(super) fn filters_of(&mut self, aggregate: &Aggregate) -> Result<Product, Letter> {
        let index = self.rows_stage(aggregate.rows, reads_outer(aggregate))?;
        let product = self.aggregate_product(index, aggregate)?;
        Ok(Product { kind: ProductKind::Rows { columns: Vec::new() }, ..product })
    }

    fn add_product(&mut self, index: usize, product: Product, info: SlotInfo) -> Slot {
        let slot = self.add_slot(info);
        self.rows[index].products.push((product, slot));
        slot
    }

    fn related(&self, relationship: FeatureId) -> Result<&'a RelationshipNode, Letter> {
        let node = self.graph().feature(relationship);
        match &node.kind {
            NodeKind::HasMany(related) => Ok(related),
            _ => Err(Letter::new(Code::InvalidQuery, format!("`{}` is not a has-many relationship.", node.fqn))),
        }
    }

    /// One stage serves all products of a relationship, unless a filter reads slots of ours that may come later.
    fn rows_stage(&mut self, relationship: FeatureId, alone: bool) -> Result<usize, Letter> {
        let shared = self.rows.iter().position(|rows| rows.relationship == relationship && rows.outer.is_empty());
        if let Some(index) = shared.filter(|_| !alone) {
            return Ok(index);
        }
        let related = self.related(relationship)?;
        let mut scope = self.nested(related.entity)?;
        let (keys, enumerate) = match self.given_rows.get(&relationship).cloned() {
            Some(given) => self.list_given(related, &given, &mut scope)?,
            None => {
                let keys = related.on.iter().map(|(local, _)| self.need(*local)).collect::<Result<Vec<_>, _>>()?;
                let foreign: Vec<FeatureId> = related.on.iter().map(|(_, foreign)| *foreign).collect();
                (keys, scope.enumerate(&foreign, &self.graph().feature(relationship).fqn)?)
            }
        };
        self.rows.push(PendingRows { relationship, keys, outer: Vec::new(), scope, enumerate, products: Vec::new() });
        let index = self.rows.len() - 1;
        if !alone {
            self.pending.push(Pending::HasMany(index));
        }
        Ok(index)
    }

    fn aggregate_product(&mut self, index: usize, aggregate: &Aggregate) -> Result<Product, Letter> {
        // The child scope is taken out while it is extended, because its programs may extend ours through `__`.
        let mut scope = self.rows[index].scope.clone();
        let alone = reads_outer(aggregate);
        let mut outer_slots = Vec::new();
        let mut bind = |outer: &mut ScopeBuilder<'a>, program: &Program| {
            let (bound, _, outer_read) = scope.bind_within(program, Some(outer))?;
            outer_slots.extend(outer_read);
            Ok::<_, Letter>(bound)
        };
        let value = aggregate.value.as_ref().map(|program| bind(self, program)).transpose()?;
        let by = aggregate.by.as_ref().map(|program| bind(self, program)).transpose()?;
        let filters = aggregate.filters.iter().map(|program| bind(self, program)).collect::<Result<Vec<_>, _>>()?;
        let mut bounds = Vec::with_capacity(aggregate.bounds.len());
        for bound in &aggregate.bounds {
            bounds.push(ChildBound { slot: scope.need(bound.column)?, bound: *bound });
        }
        self.rows[index].scope = scope;
        self.rows[index].outer.extend(outer_slots);
        if alone {
            self.pending.push(Pending::HasMany(index));
        }
        let kind = ProductKind::Aggregate {
            function: aggregate.function,
            value,
            by,
            quantile: aggregate.quantile,
            count: aggregate.count,
        };
        Ok(Product { bounds, filters, limit: aggregate.limit, kind })
    }

    /// Rows that the caller gave, and the inputs of their stage. What they are joined by and do not give themselves is
    /// what the parent was given.
    fn list_given(
        &self,
        related: &RelationshipNode,
        given: &GivenRows,
        scope: &mut ScopeBuilder<'a>,
    ) -> Result<(Vec<Slot>, Enumerate), Letter> {
        let is_implied =
            |(local, foreign): &&(FeatureId, FeatureId)| self.given.contains(local) && !given.columns.contains(foreign);
        let (parents, implied): (Vec<FeatureId>, Vec<FeatureId>) =
            related.on.iter().filter(is_implied).copied().unzip();
        let columns = given.columns.iter().chain(&implied).map(|id| (*id, self.graph().feature(*id).fqn.clone()));
        scope.enumerated = Some(Enumerated { columns: columns.collect(), used: Vec::new() });
        let join = implied.iter().map(|foreign| scope.need(*foreign)).collect::<Result<Vec<_>, _>>()?;
        let mut listed = |feature: Option<FeatureId>| {
            feature.filter(|id| given.columns.contains(id)).map(|id| scope.need(id)).transpose()
        };
        listed(self.graph().primary_key(related.entity))?;
        let time = listed(self.graph().entity(related.entity).feature_time)?;
        let parents = parents.iter().filter_map(|local| self.by_feature.get(local)).copied();
        let inputs = std::iter::once(given.slot).chain(parents).collect();
        Ok((inputs, Enumerate { lister: Lister::Caller, columns: Vec::new(), join, time }))
    }

    /// Who lists the rows of this scope's entity by these columns. The scope's other features may come from it too.
    pub(super) fn enumerate(&mut self, join: &[FeatureId], relationship: &str) -> Result<Enumerate, Letter> {
        let key = self.graph().primary_key(self.entity);
        let resolver = self.enumerator(join, relationship)?;
        let columns = self.project.outputs(resolver).into_iter().map(|(name, feature)| (feature, name)).collect();
        self.enumerated = Some(Enumerated { columns, used: Vec::new() });
        if let Some(key) = key {
            self.need(key)?;
        }
        let join = join.iter().map(|feature| self.need(*feature)).collect::<Result<Vec<_>, _>>()?;
        let time = match self.graph().entity(self.entity).feature_time {
            Some(time) => {
                let listed = self.enumerated.as_ref().is_some_and(|listed| listed.columns.contains_key(&time));
                if listed { Some(self.need(time)?) } else { None }
            }
            None => None,
        };
        let columns = self.enumerated.as_ref().map(|listed| listed.used.clone()).unwrap_or_default();
        Ok(Enumerate { lister: Lister::Resolver(resolver), columns, join, time })
    }

    fn enumerator(&self, join: &[FeatureId], relationship: &str) -> Result<ResolverId, Letter> {
        let needed: Vec<FeatureId> =
            self.graph().primary_key(self.entity).into_iter().chain(join.iter().copied()).collect();
        let Some(first) = needed.first() else {
            return Err(Letter::new(Code::InvalidQuery, format!("`{relationship}` has no columns to join on.")));
        };
        for group in candidates::ranked(self.project, self.question, *first) {
            let able: Vec<ResolverId> = group
                .into_iter()
                .filter(|id| self.project.takes_nothing(*id))
                .filter(|id| needed.iter().all(|feature| self.project.producers(*feature).contains(id)))
                .collect();
            let total: Vec<ResolverId> = able.iter().copied().filter(|id| self.graph().resolver(*id).total).collect();
            match (total.as_slice(), able.as_slice()) {
                (_, []) => {}
                ([one], _) | (_, [one]) => return Ok(*one),
                (_, several) => {
                    let fix = "Say `total` of the one that has all rows; the others then add their columns to them.";
                    return Err(self.ambiguous(several, relationship).fix(fix));
                }
            }
        }
        let names: Vec<&str> = needed.iter().map(|id| self.graph().feature(*id).fqn.as_str()).collect();
        let message = format!("No resolver lists the rows behind `{relationship}`.");
        let fix = format!("Add a resolver without inputs that returns {}.", names.join(", "));
        Err(Letter::new(Code::ResolverNotFound, message).fix(fix).feature(relationship))
    }
}

/// A product without bounds and filters, whose columns are still to be named.
fn all_rows() -> Product {
    Product { bounds: vec![], filters: vec![], limit: None, kind: ProductKind::Rows { columns: vec![] } }
}

fn reads_outer(aggregate: &Aggregate) -> bool {
    let programs = aggregate.value.iter().chain(&aggregate.by).chain(&aggregate.filters);
    programs.flat_map(|program| &program.inputs).any(|input| matches!(input, Input::Outer(_)))
}
