//! Who may produce a feature in a question, and who is preferred (framework §6.6, steps 3 to 5).

use crate::project::Project;
use crate::question::{Mode, Question};
use creta_model::bundle::{Resolver, ResolverKind};
use creta_model::{FeatureId, ResolverId};

/// Eligible producers of a feature in groups of equal preference, the most preferred group first.
pub(crate) fn ranked(project: &Project, question: &Question, feature: FeatureId) -> Vec<Vec<ResolverId>> {
    let mut producers: Vec<(bool, usize, ResolverId)> = project
        .producers(feature)
        .iter()
        .map(|id| (*id, project.graph().resolver(*id)))
        .filter(|(_, resolver)| eligible(question, resolver))
        .map(|(id, resolver)| (offline_preferred(question, resolver), resolver.metadata.tags.len(), id))
        .collect();
    producers.sort_by_key(|(offline, tags, id)| (std::cmp::Reverse((*offline, *tags)), *id));
    producers
        .chunk_by(|left, right| (left.0, left.1) == (right.0, right.1))
        .map(|group| group.iter().map(|(_, _, id)| *id).collect())
        .collect()
}

fn offline_preferred(question: &Question, resolver: &Resolver) -> bool {
    matches!(question.mode, Mode::Offline(_)) && resolver.kind == ResolverKind::Offline
}

fn eligible(question: &Question, resolver: &Resolver) -> bool {
    let kind = matches!(question.mode, Mode::Offline(_)) || resolver.kind == ResolverKind::Online;
    let environment = resolver.environments.is_empty() || resolver.environments.contains(&question.environment);
    let tags = resolver.metadata.tags.iter().all(|tag| question.tags.iter().any(|given| matches(tag, given)));
    let required =
        question.required_resolver_tags.iter().all(|tag| resolver.metadata.tags.iter().any(|own| matches(own, tag)));
    kind && environment && tags && required
}

/// A key-only tag is matched by the key or by `key:value`; `key:value` only by itself.
fn matches(tag: &str, given: &str) -> bool {
    tag == given || given.split_once(':').is_some_and(|(key, _)| key == tag)
}
