"""What a feature says about itself: `description(f)`, `owner(f)`, `tags(f)`, `is_primary(f)`, `is_feature_time(f)`.

`str(f)` is its fully qualified name.
"""

from typing import Any

from creta.definition.classes import ClassInfo, FeatureMeta, Field
from creta.definition.markers import PrimaryOf
from creta.definition.references import Reference
from creta.definition.registry import registry
from creta.definition.versions import split_version


def description(feature: Any) -> str | None:
    """The description of a feature, or of a feature class."""
    if isinstance(feature, FeatureMeta):
        return feature.__creta__.options.description
    _info, field = _found(feature)
    return field.options.description or field.source.description


def owner(feature: Any) -> str | None:
    """The owner of a feature, else of its class."""
    if isinstance(feature, FeatureMeta):
        return feature.__creta__.options.owner
    info, field = _found(feature)
    return field.options.owner or field.source.owner or info.options.owner


def tags(feature: Any) -> list[str]:
    """The tags of a feature and of its class."""
    if isinstance(feature, FeatureMeta):
        return list(feature.__creta__.options.tags)
    info, field = _found(feature)
    return list(dict.fromkeys([*info.options.tags, *field.source.tags, *field.options.tags]))


def is_primary(feature: Any) -> bool:
    """Whether a feature is its class's primary key."""
    info, field = _found(feature)
    marked = [name for name, each in info.fields.items() if each.options.primary or _is_primary(info, each)]
    return field.attribute in marked if marked else field.attribute == "id" and not info.singleton


def is_feature_time(feature: Any) -> bool:
    """Whether a feature is its class's feature time."""
    info, field = _found(feature)
    return info.feature_time() == field.attribute


def _is_primary(info: ClassInfo, field: Field) -> bool:
    if isinstance(field.annotation, PrimaryOf):
        return True
    found = info._meaning(field.attribute)
    return found is not None and found.primary


def _found(feature: Any) -> tuple[ClassInfo, Field]:
    """The class and the field behind a reference or a fully qualified name. Raises LookupError."""
    if isinstance(feature, str):
        namespace, _dot, path = feature.partition(".")
        cls = registry.classes.get(namespace)
        if cls is None:
            raise LookupError(f"there is no feature {feature}")
        feature = Reference(cls, tuple(path.split(".")))
    if not isinstance(feature, Reference):
        raise TypeError(f"a feature is expected, not a {type(feature).__name__}")
    info = feature._creta_owner.__creta__
    for attribute in feature._creta_path[:-1]:
        target = info.target_of(attribute)
        if target is None:
            raise LookupError(f"there is no feature {feature}")
        info = target
    field = info.field(split_version(feature._creta_path[-1])[0])
    if field is None:
        raise LookupError(f"there is no feature {feature}")
    return info, field
