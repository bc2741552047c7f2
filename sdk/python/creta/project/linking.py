"""Links the classes of the registry: what every annotation means, keys, feature times, types, joins, defaults."""

from creta.definition.declarations import MISSING, JoinDeclaration
from creta.definition.letters import DefinitionError, Letter
from creta.definition.markers import FeatureTime
from creta.definition.registry import Registry
from creta.definition.value_types import SIMPLE, NotAType, ValueType, describe, value_type
from creta.project.annotations import meaning
from creta.project.joins import infer_joins
from creta.project.linked import Linked, LinkedClass, LinkedFeature


def link(registry: Registry) -> Linked:
    """Links everything that can be linked; faults go to the registry, and what is broken is left out."""
    linked = Linked()
    for cls in registry.classes.values():
        linked.classes[cls] = LinkedClass(cls, cls.__creta__)
    for owner in linked.classes.values():
        _read_annotations(owner, registry)
    for owner in linked.classes.values():
        _find_keys(owner, registry)
    for owner in linked.classes.values():
        for feature in owner.features.values():
            if feature.kind in ("scalar", "windowed"):
                _find_type(linked, owner, feature, registry)
    infer_joins(linked, registry)
    for owner in linked.classes.values():
        for feature in owner.features.values():
            _check_default(owner, feature, registry)
    return linked


def _read_annotations(owner: LinkedClass, registry: Registry) -> None:
    for attribute, field in owner.info.fields.items():
        try:
            found = meaning(field.annotation, owner.info.module, field.place)
        except DefinitionError as error:
            registry.report_all(error)
            continue
        feature = LinkedFeature(field, found)
        is_join = isinstance(field.declared, JoinDeclaration)
        if found.target is not None:
            feature.kind = "has_many" if found.many else "has_one"
            owner.info.targets[attribute] = found.target
        elif found.windowed:
            feature.kind = "windowed"
        letter = _contradiction(owner, feature, is_join)
        if letter is not None:
            registry.report(letter)
        elif found.target is None or found.target.__creta__ is not None:
            owner.features[attribute] = feature


def _contradiction(owner: LinkedClass, feature: LinkedFeature, is_join: bool) -> Letter | None:
    """Annotation and right-hand side must speak of the same kind of feature."""
    name, place, declared = f"{owner.info.name}.{feature.field.attribute}", feature.field.place, feature.field.declared
    if is_join and feature.kind not in ("has_one", "has_many"):
        return Letter("annotation", f"`{name}` has a join, but its annotation names no feature class.", place)
    if is_join and declared.many != (feature.kind == "has_many"):
        right = "has_many" if feature.kind == "has_many" else "has_one"
        return Letter("annotation", f"The annotation of `{name}` asks for `{right}`.", place)
    if bool(feature.field.options.windows) != (feature.kind == "windowed"):
        message = f"`{name}` is only half windowed."
        return Letter("annotation", message, place, 'Write `x: Windowed[float] = windowed("1h", …)`.')
    return None


def _find_keys(owner: LinkedClass, registry: Registry) -> None:
    features = owner.features.values()
    primary = [feature for feature in features if feature.meaning.primary or feature.field.options.primary]
    if not primary and "id" in owner.features and not owner.info.singleton:
        primary = [owner.features["id"]]
    if len(primary) > 1:
        names = " and ".join(f"`{feature.field.attribute}`" for feature in primary)
        message = f"{owner.info.name} has two primary keys: {names}."
        registry.report(Letter("primary_key", message, primary[1].field.place, "Keep one."))
    elif not primary and not owner.info.singleton and len(owner.features) == len(owner.info.fields):
        message = f"The feature class {owner.info.name} has no primary key."
        fix = "Add `id: int`, or mark a field: `number: Primary[int]`."
        registry.report(Letter("primary_key", message, owner.info.place, fix))
    if primary:
        owner.primary_key = primary[0].field.attribute
    times = [feature for feature in features if feature.meaning.feature_time]
    if len(times) > 1:
        names = " and ".join(f"`{feature.field.attribute}`" for feature in times)
        message = f"{owner.info.name} has two feature times: {names}."
        registry.report(Letter("feature_time", message, times[1].field.place, "Keep one; make the other a datetime."))
    if times:
        owner.feature_time = times[0].field.attribute
    elif "ts" in owner.features and owner.features["ts"].meaning.python_type is SIMPLE_DATETIME:
        owner.feature_time = "ts"


SIMPLE_DATETIME = FeatureTime.__mro__[1]


def _find_type(linked: Linked, owner: LinkedClass, feature: LinkedFeature, registry: Registry) -> None:
    place = feature.field.place
    try:
        feature.type = _type_of(linked, owner, feature, ())
    except NotAType as error:
        registry.report(Letter("annotation", f"`{owner.info.name}.{feature.field.attribute}`: {error}", place))
    except DefinitionError as error:
        registry.report_all(error)
    if feature.type is None or owner.primary_key != feature.field.attribute:
        return
    if feature.type.data_type not in ("int", "str") or feature.meaning.nullable:
        message = f"The primary key `{owner.info.name}.{feature.field.attribute}` must be an int or a str."
        registry.report(Letter("primary_key", message, place))


def _type_of(linked: Linked, owner: LinkedClass, feature: LinkedFeature, seen: tuple) -> ValueType | None:
    """The type of a feature; keys of other classes are followed to the end of the chain."""
    if feature.meaning.key_of is None:
        if feature.meaning.python_type is None:
            raise NotAType("an annotation is missing.")
        return SIMPLE.get(feature.meaning.python_type) or value_type(feature.meaning.python_type)
    if feature in seen:
        raise NotAType(f"the types of these keys refer to each other: {describe(owner.cls)}.")
    target = linked.follow(feature.meaning.key_of, feature.field.place)
    if target is None:
        return None
    if isinstance(target, Letter):
        raise DefinitionError([target])
    if target.feature.meaning.target is not None:
        raise NotAType(f"`{target.fqn}` is a relationship and has no type of its own.")
    return _type_of(linked, target.root, target.feature, (*seen, feature))


def _check_default(owner: LinkedClass, feature: LinkedFeature, registry: Registry) -> None:
    default = feature.field.options.default
    if default is MISSING or feature.type is None:
        return
    if default is None and feature.meaning.nullable:
        return
    try:
        feature.type.encode(default)
    except TypeError as error:
        message = f"The default of `{owner.info.name}.{feature.field.attribute}` does not fit its type: {error}."
        registry.report(Letter("type_mismatch", message, feature.field.place))
