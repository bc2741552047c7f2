//! Dotted feature paths: `flight.plane.year`, `flight.carrier_ref.delay__86400__`, `vessel.calls.teu`.

use super::{EntityId, FeatureId, Graph, NodeKind};
use crate::errors::{Code, Letter, nearest};

/// One hop over a relationship, or the feature at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    HasOne(FeatureId),
    HasMany(FeatureId),
}

/// Relationships walked from a root entity, and the feature reached (None: the relationship itself is meant).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    pub root: EntityId,
    pub steps: Vec<Step>,
    pub feature: Option<FeatureId>,
}

impl Graph {
    /// Resolves a path to rows that may list some of their features: `vessel.calls[port_call.id,port_call.teu]`, also
    /// by their own names, `vessel.calls[id,teu]`. Without brackets there is no list.
    pub fn projection(&self, text: &str) -> Result<(Path, Option<Vec<FeatureId>>), Letter> {
        let Some((rows, names)) = text.strip_suffix(']').and_then(|text| text.split_once('[')) else {
            return Ok((self.path(text)?, None));
        };
        let path = self.path(rows)?;
        let Some(entity) = self.rows_of(&path) else {
            let message = format!("`{rows}` does not lead to rows, so no features of them can be listed.");
            return Err(Letter::new(Code::UnknownFeature, message).feature(text));
        };
        let column = |name: &str| self.column(entity, name.trim());
        let columns = names.split(',').map(column).collect::<Result<_, _>>().map_err(|letter| letter.feature(text))?;
        Ok((path, Some(columns)))
    }

    /// The entity of the rows that a path ends at, None when it ends elsewhere.
    pub fn rows_of(&self, path: &Path) -> Option<EntityId> {
        let Some(Step::HasMany(last)) = path.steps.last().filter(|_| path.feature.is_none()) else { return None };
        match &self.feature(*last).kind {
            NodeKind::HasMany(related) => Some(related.entity),
            NodeKind::HasOne(_) | NodeKind::Scalar(_) => None,
        }
    }

    /// A feature with values of an entity's rows, by its full or its own name.
    pub fn column(&self, entity: EntityId, name: &str) -> Result<FeatureId, Letter> {
        let namespace = &self.entity(entity).namespace;
        let own = name.strip_prefix(namespace.as_str()).and_then(|name| name.strip_prefix('.')).unwrap_or(name);
        if own.contains('.') {
            let message = format!("`{name}` is not a feature of the rows themselves, which are of `{namespace}`.");
            return Err(Letter::new(Code::UnknownFeature, message));
        }
        self.member_path(entity, own)?.feature.ok_or_else(|| {
            Letter::new(
                Code::UnknownFeature,
                format!("`{namespace}.{own}` is a relationship, not a value of the rows."),
            )
        })
    }

    /// Resolves `namespace.a.b.c`. A windowed feature without its window is reported, with the windows it has.
    pub fn path(&self, text: &str) -> Result<Path, Letter> {
        let (namespace, rest) = text.split_once('.').unwrap_or((text, ""));
        let Some(root) = self.namespace(namespace) else {
            let known = self.entities.iter().map(|entity| entity.namespace.as_str());
            return Err(unknown(text, namespace, nearest(namespace, known)));
        };
        self.member_path(root, rest).map_err(|letter| letter.feature(text))
    }

    /// Resolves `a.b.c` from an entity.
    pub fn member_path(&self, root: EntityId, rest: &str) -> Result<Path, Letter> {
        let mut path = Path { root, steps: Vec::new(), feature: None };
        let mut entity = root;
        let mut names = rest.split('.').peekable();
        while let Some(name) = names.next() {
            let Some(id) = self.member(entity, name) else {
                return Err(self.unknown_member(entity, name));
            };
            let last = names.peek().is_none();
            match &self.feature(id).kind {
                NodeKind::Scalar(_) if last => path.feature = Some(id),
                NodeKind::Scalar(_) => {
                    let message =
                        format!("`{}` is a value, not a relationship, so nothing can follow it.", self.feature(id).fqn);
                    return Err(Letter::new(Code::UnknownFeature, message));
                }
                NodeKind::HasOne(relationship) => {
                    path.steps.push(Step::HasOne(id));
                    entity = relationship.entity;
                }
                NodeKind::HasMany(relationship) => {
                    path.steps.push(Step::HasMany(id));
                    entity = relationship.entity;
                }
            }
        }
        Ok(path)
    }

    /// Refuses a feature that has a value per group only, where none is chosen.
    pub fn ungrouped(&self, feature: FeatureId) -> Result<(), Letter> {
        let columns = self.scalar(feature).map_or(&[][..], |scalar| &scalar.group_by);
        if columns.is_empty() {
            return Ok(());
        }
        let fqn = &self.feature(feature).fqn;
        let message = format!("`{fqn}` is grouped by {}, so a group must be chosen.", columns.join(", "));
        Err(Letter::new(Code::UnknownFeature, message)
            .fix("Declare a feature that reads one: `_.visits[\"1d\", Call.berth_id == _.berth_id]`.")
            .feature(fqn))
    }

    fn unknown_member(&self, entity: EntityId, name: &str) -> Letter {
        let namespace = &self.entity(entity).namespace;
        if let Some(windows) = self.windows(entity, name) {
            let known: Vec<&str> = windows.iter().map(|(_, id)| self.feature(*id).name.as_str()).collect();
            return Letter::new(
                Code::UnknownFeature,
                format!("`{namespace}.{name}` is windowed; a window must be chosen."),
            )
            .fix(format!("Use one of: {}.", known.join(", ")));
        }
        let known = self.entity(entity).features.iter().map(|id| self.feature(*id).name.as_str());
        let suggestion = nearest(name, known).map(|near| format!("{namespace}.{near}"));
        unknown(&format!("{namespace}.{name}"), name, suggestion.as_deref())
    }
}

fn unknown(text: &str, part: &str, suggestion: Option<&str>) -> Letter {
    let letter = Letter::new(Code::UnknownFeature, format!("There is no feature `{text}`."));
    match suggestion {
        Some(near) => letter.fix(format!("Did you mean `{near}`?")),
        None => letter.fix(format!("Nothing is called `{part}`, nor anything close to it.")),
    }
}
