"""Joins: explicit ones from their lambdas, the others inferred from the keys that classes hold of each other."""

from creta.definition.declarations import JoinDeclaration
from creta.definition.expressions import Expression, node_of
from creta.definition.letters import DefinitionError, Letter
from creta.definition.places import Place, function_place
from creta.definition.registry import Registry
from creta.project.linked import Linked, LinkedClass, LinkedFeature, missing_member

Pairs = tuple[tuple[str, str], ...]


def infer_joins(linked: Linked, registry: Registry) -> None:
    """Sets `pairs` of every relationship, or reports why it cannot be set."""
    relationships = [
        (owner, feature)
        for owner in linked.classes.values()
        for feature in owner.features.values()
        if feature.meaning.target is not None and feature.meaning.target in linked.classes
    ]
    explicit = [item for item in relationships if isinstance(item[1].field.declared, JoinDeclaration)]
    for owner, feature in explicit:
        try:
            feature.pairs = list(_explicit_pairs(linked, owner, feature))
        except DefinitionError as error:
            registry.report_all(error)
    for owner, feature in relationships:
        if not isinstance(feature.field.declared, JoinDeclaration):
            _infer(linked, owner, feature, explicit, registry)
    for owner, feature in relationships:
        _check_types(linked, owner, feature, registry)


def _infer(linked: Linked, owner: LinkedClass, feature: LinkedFeature, explicit: list, registry: Registry) -> None:
    other = linked.classes[feature.meaning.target]
    candidates: dict[Pairs, None] = {}
    for their_owner, theirs in explicit:
        if their_owner is other and theirs.meaning.target is owner.cls and theirs.pairs:
            candidates[tuple((foreign, local) for local, foreign in theirs.pairs)] = None
    for theirs in other.features.values():
        ours = _key_held(theirs, owner)
        if ours is not None:
            candidates[((ours.name, theirs.name),)] = None
    for ours in owner.features.values():
        theirs = _key_held(ours, other)
        if theirs is not None:
            candidates[((ours.name, theirs.name),)] = None
    if len(candidates) == 1:
        feature.pairs = list(next(iter(candidates)))
        return
    registry.report(_not_one(owner, other, feature, candidates))


def _key_held(holder: LinkedFeature, owner: LinkedClass) -> LinkedFeature | None:
    """The feature of `owner` that `holder` is annotated with."""
    reference = holder.meaning.key_of
    if reference is None or reference._creta_owner is not owner.cls or len(reference._creta_path) != 1:
        return None
    return owner.find(reference._creta_path[0])


def _not_one(owner: LinkedClass, other: LinkedClass, feature: LinkedFeature, candidates: dict[Pairs, None]) -> Letter:
    name = f"{owner.info.name}.{feature.field.attribute}"
    kind = feature.kind
    example = f"{kind}(lambda: {other.info.name}.… == {owner.info.name}.…)"
    if not candidates:
        message = f"`{name}` has no join: neither class holds a key of the other."
        fix = f'Annotate a key with the feature it points at (`key: "{other.info.name}.id"`), or write `{example}`.'
        return Letter("ambiguous_join", message, feature.field.place, fix)
    ways = "; ".join(
        " and ".join(f"{owner.info.name}.{local} == {other.info.name}.{foreign}" for local, foreign in pairs)
        for pairs in candidates
    )
    message = f"`{name}` can be joined in {len(candidates)} ways: {ways}."
    return Letter("ambiguous_join", message, feature.field.place, f"Choose one: `{example}`.")


def _explicit_pairs(linked: Linked, owner: LinkedClass, feature: LinkedFeature) -> Pairs:
    declared = feature.field.declared
    place = function_place(declared.condition)
    try:
        condition = declared.condition()
    except NameError as error:
        message = (
            f"The join of `{owner.info.name}.{feature.field.attribute}` names `{error.name}`, which is not defined."
        )
        raise DefinitionError([Letter("annotation", message, place)]) from None
    if not isinstance(condition, Expression):
        message = f"The join of `{owner.info.name}.{feature.field.attribute}` is not a comparison of two features."
        raise DefinitionError([Letter("ambiguous_join", message, place, "Write `Other.key == This.key`.")])
    pairs: list[tuple[str, str]] = []
    _collect(linked, owner, linked.classes[feature.meaning.target], node_of(condition), place, pairs)
    return tuple(pairs)


def _collect(linked: Linked, owner: LinkedClass, other: LinkedClass, node, place: Place, pairs: list) -> None:
    call = node.get("call", {}) if isinstance(node, dict) else {}
    if call.get("function") == "&":
        for argument in call["arguments"]:
            _collect(linked, owner, other, argument, place, pairs)
        return
    sides = [_side(argument) for argument in call.get("arguments", ())]
    if call.get("function") != "==" or len(sides) != 2 or None in sides:
        message = "A join is made of equalities between features, connected by `&`."
        raise DefinitionError([Letter("ambiguous_join", message, place)])
    by_class = dict(sides)
    if owner.cls is other.cls or set(by_class) != {owner.cls, other.cls}:
        message = f"This join must compare a feature of {owner.info.name} with one of {other.info.name}."
        fix = "A class is joined with itself through a class in between." if owner.cls is other.cls else None
        raise DefinitionError([Letter("ambiguous_join", message, place, fix)])
    pairs.append((_stored(owner, by_class[owner.cls], place), _stored(other, by_class[other.cls], place)))


def _side(node) -> tuple[type, str] | None:
    attribute = node.get("attribute") if isinstance(node, dict) else None
    if attribute is None or not isinstance(attribute["of"], dict) or "root" not in attribute["of"]:
        return None
    return attribute["of"]["root"], attribute["name"]


def _stored(owner: LinkedClass, attribute: str, place: Place) -> str:
    found = owner.find(attribute)
    if found is None:
        # A field that is there but could not be linked has its own letter already.
        reported = attribute in owner.info.fields
        raise DefinitionError([] if reported else [missing_member(owner, attribute, place)])
    return found.name


def _check_types(linked: Linked, owner: LinkedClass, feature: LinkedFeature, registry: Registry) -> None:
    other = linked.classes[feature.meaning.target]
    for local, foreign in feature.pairs:
        ours = next((item for item in owner.features.values() if item.name == local), None)
        theirs = next((item for item in other.features.values() if item.name == foreign), None)
        if ours is None or theirs is None or ours.type is None or theirs.type is None:
            continue
        if ours.type.data_type != theirs.type.data_type:
            message = (
                f"The join `{owner.info.name}.{feature.field.attribute}` compares {local} ({ours.type.data_type}) "
                f"with {other.info.name}.{foreign} ({theirs.type.data_type}); both must have the same type."
            )
            registry.report(Letter("type_mismatch", message, feature.field.place))
