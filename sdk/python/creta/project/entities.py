"""Linked classes to the entities of the bundle."""

from typing import Any

from creta.definition.declarations import MISSING, FeatureOptions
from creta.definition.expressions import node_of
from creta.definition.letters import DefinitionError
from creta.definition.places import Place
from creta.definition.references import rebase
from creta.definition.registry import Registry
from creta.definition.value_types import constant
from creta.project.linked import Linked, LinkedClass, LinkedFeature
from creta.project.scopes import ScopeCheck, stored_names

POLICIES = {
    True: None, None: None, False: "skip", "evict": "evict", "evict_nulls": "evict", "evict_defaults": "evict",
}  # fmt: skip


def entity_json(linked: Linked, owner: LinkedClass, registry: Registry, relative) -> dict[str, Any]:
    """One feature class. `relative` turns a Place into its JSON."""
    info = owner.info
    entity: dict[str, Any] = {"namespace": info.namespace, "class": info.name, "place": relative(info.place)}
    if info.singleton:
        entity["singleton"] = True
    if owner.primary_key is not None:
        entity["primary_key"] = owner.features[owner.primary_key].name
    if owner.feature_time is not None:
        entity["feature_time"] = owner.features[owner.feature_time].name
    words = metadata(info.options.description, info.options.owner, info.options.tags)
    if words:
        entity["metadata"] = words
    entity["features"] = [
        _feature_json(linked, owner, feature, registry, relative) for feature in owner.features.values()
    ]
    return entity


def metadata(description: str | None, owner: str | None, tags: list[str]) -> dict[str, Any]:
    """The words about a definition, without the empty ones."""
    words: dict[str, Any] = {}
    if description:
        words["description"] = description
    if owner:
        words["owner"] = owner
    if tags:
        words["tags"] = list(dict.fromkeys(tags))
    return words


def _feature_json(linked: Linked, owner: LinkedClass, feature: LinkedFeature, registry: Registry, relative) -> dict:
    options, source = feature.field.options, feature.field.source
    body: dict[str, Any] = {"name": feature.name, "place": relative(feature.field.place)}
    words = metadata(
        options.description or source.description,
        options.owner or source.owner or owner.info.options.owner,
        [*owner.info.options.tags, *source.tags, *options.tags],
    )
    if words:
        body["metadata"] = words
    if feature.meaning.target is not None:
        relationship: dict[str, Any] = {
            "entity": feature.meaning.target.__creta__.namespace,
            "on": [{"local": local, "foreign": foreign} for local, foreign in feature.pairs],
        }
        if feature.meaning.nullable:
            relationship["optional"] = True
        body["kind"] = {feature.kind: relationship}
        return body
    if feature.version is not None:
        body |= {"version": feature.version, "default_version": feature.default_version}
    scalar = _scalar_json(linked, owner, feature, registry)
    if feature.kind == "windowed":
        grouped = {"group_by": feature.group} if feature.group else {}
        body["kind"] = {"windowed": {"windows": list(options.windows), "scalar": scalar, **grouped}}
    else:
        body["kind"] = {"scalar": scalar}
    return body


def _scalar_json(linked: Linked, owner: LinkedClass, feature: LinkedFeature, registry: Registry) -> dict[str, Any]:
    options = feature.field.options
    scalar: dict[str, Any] = {"type": feature.type.data_type if feature.type else "str"}
    if feature.meaning.nullable:
        scalar["nullable"] = True
    for name in ("expression", "offline_expression"):
        expression = getattr(options, name)
        if expression is not None:
            scalar[name] = expression_json(
                linked, owner, expression, feature.field.place, registry, grouped=options.grouped
            )
    if options.default is not MISSING and feature.type is not None:
        try:
            default = None if options.default is None else feature.type.encode(options.default)
            scalar["default"] = constant(feature.type.data_type, default)
        except TypeError:
            # Reported by linking, with the names.
            pass
    if options.validations:
        scalar["validations"] = [validation.json() for validation in options.validations]
    caching = _caching_json(options, owner.info.options)
    if caching:
        scalar["caching"] = caching
    return scalar


def expression_json(
    linked: Linked, owner: LinkedClass, expression: Any, place: Place, registry: Registry, *, grouped: bool = False
) -> Any:
    """An expression about one row of a class, with its names checked."""
    try:
        node = rebase(node_of(expression), owner.cls, place)
    except DefinitionError as error:
        registry.report_all(error)
        return "this"
    check = ScopeCheck(linked, place, grouped)
    check.check(node, owner)
    for letter in check.letters:
        registry.report(letter)
    return stored_names(node, linked, owner)


def _caching_json(options: FeatureOptions, inherited: FeatureOptions) -> dict[str, Any]:
    """How long a value may be served; empty when everything is at its default."""

    def effective(name: str) -> Any:
        own = getattr(options, name)
        return own if own is not None else getattr(inherited, name)

    caching: dict[str, Any] = {}
    if options.offline_ttl is not None:
        caching["offline_ttl"] = options.offline_ttl
    if not options.store_online:
        caching["store_online"] = False
    if not options.store_offline:
        caching["store_offline"] = False
    if effective("etl_offline_to_online"):
        caching["etl_offline_to_online"] = True
    for name, key in (("cache_nulls", "nulls"), ("cache_defaults", "defaults")):
        policy = POLICIES.get(effective(name))
        if policy is not None:
            caching[key] = policy
    staleness = effective("max_staleness") or 0
    return {"max_staleness": staleness, **caching} if staleness or caching else {}
