//! What a project asks of the words about its features: owner, description, tags (framework §12).

use creta_model::bundle::{Feature, FeatureKind, MetadataRule, MetadataWord, Severity};
use creta_model::{Bundle, Code, Letter};

/// Letters for missing words that block a deployment.
pub(crate) fn faults(bundle: &Bundle) -> impl Iterator<Item = Letter> {
    findings(bundle).filter(|(severity, _)| *severity == Severity::Error).map(|(_, letter)| letter)
}

/// Every feature with a value that lacks a word which a rule asks for, in the order of the definitions.
pub(crate) fn findings(bundle: &Bundle) -> impl Iterator<Item = (Severity, Letter)> {
    bundle.entities.iter().flat_map(move |entity| {
        entity.features.iter().filter(|feature| has_value(feature)).flat_map(move |feature| {
            let broken = bundle.metadata_rules.iter().filter(move |rule| lacks(feature, rule.name));
            broken.map(move |rule| (rule.missing, letter(&entity.namespace, feature, rule)))
        })
    })
}

/// Relationships are the way from one class to another; the words are about values.
fn has_value(feature: &Feature) -> bool {
    matches!(feature.kind, FeatureKind::Scalar(_) | FeatureKind::Windowed(_))
}

fn lacks(feature: &Feature, word: MetadataWord) -> bool {
    match word {
        MetadataWord::Owner => feature.metadata.owner.is_none(),
        MetadataWord::Description => feature.metadata.description.is_none(),
        MetadataWord::Tags => feature.metadata.tags.is_empty(),
    }
}

fn letter(namespace: &str, feature: &Feature, rule: &MetadataRule) -> Letter {
    let (missing, fix) = match rule.name {
        MetadataWord::Owner => ("owner", "Give one with `feature(owner=…)`, or for the whole class with `owner=`."),
        MetadataWord::Description => ("description", "Write a comment above the feature, or `feature(description=…)`."),
        MetadataWord::Tags => ("tags", "Give some with `feature(tags=[…])`, or for the whole class with `tags=`."),
    };
    let name = format!("{namespace}.{}", feature.name);
    let message = format!("`{name}` has no {missing}, which `validation` in creta.yaml asks for.");
    Letter::new(Code::InvalidDefinition, message).at(&feature.place).fix(fix).feature(name)
}
