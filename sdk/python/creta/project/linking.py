"""Links the classes of the registry: what every annotation means, keys, feature times, types, joins, defaults."""

from dataclasses import replace

from creta.definition.classes import Field
from creta.definition.conversions import declared_type
from creta.definition.declarations import MISSING, JoinDeclaration
from creta.definition.letters import DefinitionError, Letter
from creta.definition.markers import FeatureTime
from creta.definition.registry import Registry
from creta.definition.value_types import NotAType, ValueType, describe, value_type
from creta.definition.versions import versioned
from creta.project.annotations import meaning
from creta.project.groups import find_groups
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
    for owner in linked.classes.values():
        for feature in owner.features.values():
            if feature.field.options.grouped:
                _find_groups(linked, owner, feature, registry)
    infer_joins(linked, registry)
    for owner in linked.classes.values():
        for feature in owner.features.values():
            _check_default(owner, feature, registry)
            _check_validations(owner, feature, registry)
    return linked


def _read_annotations(owner: LinkedClass, registry: Registry) -> None:
    for attribute, field in owner.info.fields.items():
        try:
            features = _versions_of(owner, field)
        except DefinitionError as error:
            registry.report_all(error)
            owner.complete = False
            continue
        for feature in features:
            letter = _contradiction(owner, feature)
            if letter is not None:
                registry.report(letter)
                owner.complete = False
                continue
            if feature.meaning.target is not None:
                owner.info.targets[attribute] = feature.meaning.target
            key = attribute if feature.version is None else versioned(attribute, feature.version)
            owner.features[key] = feature


def _versions_of(owner: LinkedClass, field: Field) -> list[LinkedFeature]:
    """The feature of a field, or one feature per version."""
    options = field.options
    if not options.versions:
        return [_understood(owner, field)]
    features = []
    for number in options.versions:
        own = options.of_version.get(number)
        declared = field if own is None else replace(field, declared=replace(own, name=options.name))
        feature = _understood(owner, declared)
        feature.version, feature.default_version = number, options.default_version
        features.append(feature)
    return features


def _understood(owner: LinkedClass, field: Field) -> LinkedFeature:
    options = field.options
    found = meaning(field.annotation if options.typ is None else options.typ, owner.info.module, field.place)
    found.windowed |= options.grouped and found.frame
    feature = LinkedFeature(field, found)
    if found.target is not None:
        feature.kind = "has_many" if found.many else "has_one"
    elif found.windowed:
        feature.kind = "windowed"
    return feature


def _contradiction(owner: LinkedClass, feature: LinkedFeature) -> Letter | None:
    """Annotation and right-hand side must speak of the same kind of feature."""
    name, place, declared = f"{owner.info.name}.{feature.field.attribute}", feature.field.place, feature.field.declared
    is_join = isinstance(declared, JoinDeclaration)
    if feature.version is not None and (feature.meaning.target or feature.meaning.feature_time):
        what = "A relationship" if feature.meaning.target else "A feature time"
        return Letter("invalid_definition", f"`{name}` cannot have versions. {what} has none.", place)
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
    if not primary and not owner.info.singleton and (found := owner.find("id")) is not None:
        primary = [found]
    if len({feature.field.attribute for feature in primary}) > 1:
        names = " and ".join(f"`{feature.field.attribute}`" for feature in primary)
        message = f"{owner.info.name} has two primary keys: {names}."
        registry.report(Letter("primary_key", message, primary[1].field.place, "Keep one."))
    elif not primary and not owner.info.singleton and owner.complete:
        message = f"The feature class {owner.info.name} has no primary key."
        fix = "Add `id: int`, or mark a field: `number: Primary[int]`."
        registry.report(Letter("primary_key", message, owner.info.place, fix))
    if primary and primary[0].version is not None:
        message = f"`{owner.info.name}.{primary[0].field.attribute}` cannot have versions. A primary key has none."
        registry.report(Letter("invalid_definition", message, primary[0].field.place))
        primary = []
        owner.complete = False
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
    if feature.meaning.frame:
        if not feature.field.options.grouped:
            message = f"`{owner.info.name}.{feature.field.attribute}` is annotated with a bare `DataFrame`."
            registry.report(Letter("annotation", message, place, "Name the class: `DataFrame[Other]`."))
        return
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
        options = feature.field.options
        if options.encoder is not None or options.decoder is not None or options.dtype is not None:
            return declared_type(feature.meaning.python_type, options)
        return value_type(feature.meaning.python_type)
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


def _find_groups(linked: Linked, owner: LinkedClass, feature: LinkedFeature, registry: Registry) -> None:
    try:
        find_groups(linked, owner, feature)
    except DefinitionError as error:
        registry.report_all(error)


def _check_validations(owner: LinkedClass, feature: LinkedFeature, registry: Registry) -> None:
    for validation in feature.field.options.validations if feature.type is not None else ():
        misfit = validation.misfit(feature.type.data_type)
        if misfit is not None:
            message = f"The limits of `{owner.info.name}.{feature.field.attribute}` do not fit its type: {misfit}."
            registry.report(Letter("invalid_definition", message, feature.field.place))


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
