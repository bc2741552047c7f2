"""`@features`: turns an annotated class into a feature class."""

import ast
import inspect
import linecache
import re
import sys
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from creta.definition.declarations import (
    MISSING,
    FeatureOptions,
    JoinDeclaration,
    check_policy,
    duration_option,
    tag_list,
)
from creta.definition.expressions import Expression
from creta.definition.letters import DefinitionError, Letter, UnknownFeatureError, fault, suggestion
from creta.definition.places import FieldSource, Place, caller_place, class_source
from creta.definition.references import Reference
from creta.definition.registry import registry
from creta.definition.spellings import check_options
from creta.definition.versions import keep_version, split_version

RESERVED = frozenset(("features", "namespace", "items", "is_near"))
NAMESPACE = re.compile(r"[a-z0-9_]+\Z")
STORED = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
WINDOW = re.compile(r"(.+?)(__(?:neg)?\d+__|__all__)")


@dataclass
class Field:
    """One field of a feature class as declared; `creta.project.linking` finds out what it means."""

    attribute: str
    annotation: Any
    declared: FeatureOptions | JoinDeclaration
    source: FieldSource
    place: Place

    @property
    def options(self) -> FeatureOptions:
        return self.declared.options if isinstance(self.declared, JoinDeclaration) else self.declared

    @property
    def name(self) -> str:
        """The stored name."""
        return self.options.name or self.attribute


@dataclass
class ClassInfo:
    """What `__creta__` of a feature class holds."""

    name: str
    namespace: str
    options: FeatureOptions
    singleton: bool
    place: Place
    module: str
    fields: dict[str, Field] = field(default_factory=dict)
    # Attribute → feature class, filled in by linking.
    targets: dict[str, type] = field(default_factory=dict)

    def stored_name(self, attribute: str) -> str:
        return keep_version(attribute, self._stored_name)

    def _stored_name(self, attribute: str) -> str:
        found = self.fields.get(attribute)
        if found is not None:
            return found.name
        # One window of a windowed feature keeps its suffix.
        window = WINDOW.fullmatch(attribute)
        found = self.fields.get(window.group(1)) if window else None
        return found.name + window.group(2) if found is not None else attribute

    def field(self, name: str) -> Field | None:
        """A field by attribute or stored name, or by one of its windows."""
        window = WINDOW.fullmatch(name)
        for bare in (name, window.group(1)) if window else (name,):
            for attribute, found in self.fields.items():
                if bare in (attribute, found.name):
                    return found
        return None

    def target_of(self, attribute: str) -> "ClassInfo | None":
        """The class behind a relationship, if it is known by now."""
        target = self.targets.get(attribute)
        if target is None:
            found = self._meaning(attribute)
            target = found.target if found is not None else None
        return target.__creta__ if target is not None else None

    def python_type(self, name: str) -> Any:
        """The annotated type of a feature by attribute or stored name, without its `| None`; None when unknown."""
        name, _version = split_version(name)
        for attribute in self.fields:
            if name == attribute or name == self.fields[attribute].name:
                found = self._meaning(attribute)
                return found.python_type if found is not None else None
        window = WINDOW.fullmatch(name)
        return self.python_type(window.group(1)) if window else None

    def feature_time(self) -> str | None:
        """The attribute of the feature time, as far as the annotations are known by now."""
        for attribute in self.fields:
            found = self._meaning(attribute)
            if found is not None and (found.feature_time or (attribute == "ts" and found.python_type is datetime)):
                return attribute
        return None

    def _meaning(self, attribute: str) -> Any:
        from creta.project.annotations import meaning

        declared = self.fields.get(attribute)
        try:
            return meaning(declared.annotation, self.module, declared.place) if declared is not None else None
        except DefinitionError:
            # Not imported yet, or reported when the project is exported.
            return None


class FeatureMeta(type):
    """The type of feature classes: attributes are references, unknown ones are reported with a suggestion."""

    def __getattr__(cls, name: str):
        if name.startswith("_") or "__creta__" not in cls.__dict__:
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        letter = unknown_feature(cls, name, caller_place())
        if not registry.collecting:
            raise UnknownFeatureError([letter])
        registry.report(letter)
        return Reference(cls, (name,), broken=True)

    def __setattr__(cls, name: str, value) -> None:
        if isinstance(value, (Expression, FeatureOptions)) and "__creta__" in cls.__dict__:
            _add_inline(cls, name, value)
        else:
            super().__setattr__(name, value)


def unknown_feature(cls: type, name: str, place: Place) -> Letter:
    """The letter for a name that a feature class does not have."""
    message = f"{cls.__name__} has no feature `{name}`."
    return Letter("unknown_feature", message, place, suggestion(name, cls.__creta__.fields))


def features(
    cls: type | None = None,
    *,
    owner: str | None = None,
    tags: list[str] | str | None = None,
    max_staleness=None,
    etl_offline_to_online: bool = False,
    name: str | None = None,
    description: str | None = None,
    singleton: bool = False,
    cache_nulls: bool | str = True,
    cache_defaults: bool | str = True,
    online_store_config: Any = None,
    part_of: Any = None,
    **unknown: Any,
):
    """Declares a feature class; use it bare or with arguments.

    The namespace is the snake-case class name without a `Features` suffix, or `name`. `max_staleness` (a duration),
    `etl_offline_to_online`, `owner`, `tags` and the caching options are inherited by the features.
    """

    check_options("@features", unknown, features)
    check_policy("cache_nulls", cache_nulls)
    check_policy("cache_defaults", cache_defaults)
    _check_unsupported(singleton, online_store_config, part_of)

    def decorate(plain: type) -> type:
        options = FeatureOptions(
            description=description,
            owner=owner,
            tags=tag_list(tags),
            name=name,
            max_staleness=duration_option("max_staleness", max_staleness),
            cache_nulls=cache_nulls,
            cache_defaults=cache_defaults,
            etl_offline_to_online=etl_offline_to_online,
        )
        return _build(plain, options, singleton)

    return decorate if cls is None else decorate(cls)


def _check_unsupported(singleton: bool, online_store_config: Any, part_of: Any) -> None:
    place = caller_place()
    if singleton and online_store_config is not None:
        raise fault("invalid_definition", "A singleton has no online store of its own.", place)
    for option, value in (("online_store_config", online_store_config), ("part_of", part_of)):
        if value is not None:
            message = f"`{option}` of a feature class is not supported yet."
            raise fault("invalid_definition", message, place, f"Leave `{option}` out.")


def _build(plain: type, options: FeatureOptions, singleton: bool) -> type:
    place, sources = class_source(plain.__name__, caller_place())
    namespace = options.name if options.name is not None else snake_case(plain.__name__)
    info = ClassInfo(plain.__name__, namespace, options, singleton, place, plain.__module__)
    body = {key: value for key, value in vars(plain).items() if key not in ("__dict__", "__weakref__")}
    _check_names(info, sources)
    annotations = _annotations(plain)
    _check_unannotated(info, plain, annotations, dict(sources))
    for attribute, annotation in annotations.items():
        declared = as_declaration(_class_value(plain, attribute))
        source = dict(sources).get(attribute) or FieldSource(place.line, True)
        declared_at = Place(place.file, source.line)
        _check_stored_name(namespace, as_declaration(declared), declared_at)
        info.fields[attribute] = Field(attribute, annotation, declared, source, declared_at)
        body.pop(attribute, None)
    body |= {"__init__": _construct, "__repr__": _represent, "__eq__": _equal, "__hash__": None, "items": _items}
    cls = FeatureMeta(plain.__name__, plain.__bases__, body)
    for attribute in info.fields:
        setattr(cls, attribute, Reference(cls, (attribute,)))
    cls.__creta__ = info
    _register(cls)
    return cls


def _check_stored_name(namespace: str, declared: FeatureOptions | JoinDeclaration, place: Place) -> None:
    name = (declared.options if isinstance(declared, JoinDeclaration) else declared).name
    if name is not None and not (isinstance(name, str) and STORED.match(name)):
        message = f"`{namespace}.{name}` is not a name; letters, digits and `_` may be used."
        registry.report(Letter("invalid_definition", message, place))


def as_declaration(value: Any) -> FeatureOptions | JoinDeclaration:
    """What the right-hand side of a field declares: a plain value is a default, an expression computes it."""
    if isinstance(value, (FeatureOptions, JoinDeclaration)):
        return value
    if isinstance(value, (Expression, Reference)):
        return FeatureOptions(expression=value)
    return FeatureOptions(default=value)


def _class_value(plain: type, attribute: str) -> Any:
    """The right-hand side in the class body; `getattr` would also find what `type` itself has, such as `mro`."""
    for base in plain.__mro__[:-1]:
        if attribute in vars(base):
            return vars(base)[attribute]
    return MISSING


def _annotations(plain: type) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for base in reversed(plain.__mro__[:-1]):
        merged |= inspect.get_annotations(base)
    return {name: annotation for name, annotation in merged.items() if not name.startswith("__")}


def _check_names(info: ClassInfo, sources: list[tuple[str, FieldSource]]) -> None:
    if not NAMESPACE.match(info.namespace):
        message = f"`{info.namespace}` is not a namespace; only a-z, 0-9 and _ may be used."
        registry.report(Letter("invalid_definition", message, info.place))
    first: dict[str, FieldSource] = {}
    for attribute, source in sources:
        place = Place(info.place.file, source.line)
        if source.annotated and attribute in RESERVED:
            message = f"A feature cannot be called `{attribute}`."
            registry.report(Letter("invalid_definition", message, place, "Choose another name."))
        if source.annotated and attribute.startswith("_"):
            message = f"A feature cannot be called `{attribute}`; names do not begin with an underscore."
            registry.report(Letter("invalid_definition", message, place, "Choose another name."))
        if attribute in first:
            message = f"`{info.namespace}.{attribute}` is declared twice; first on line {first[attribute].line}."
            registry.report(Letter("duplicate_definition", message, place))
        first.setdefault(attribute, source)


def _check_unannotated(info: ClassInfo, plain: type, annotations: dict, sources: dict[str, FieldSource]) -> None:
    for attribute, value in vars(plain).items():
        if attribute.startswith("_") or attribute in annotations:
            continue
        if (callable(value) and not isinstance(value, Expression)) or hasattr(type(value), "__get__"):
            continue
        line = sources[attribute].line if attribute in sources else info.place.line
        message = f"The feature `{attribute}` of {info.name} has no type annotation."
        fix = f"Write `{attribute}: float = …`, with the type of the values."
        registry.report(Letter("annotation", message, Place(info.place.file, line), fix))


def _register(cls: type) -> None:
    info = cls.__creta__
    other = registry.classes.get(info.namespace)
    if other is not None and registry.collecting:
        first = other.__creta__.place
        message = f"Two feature classes have the namespace `{info.namespace}`; the first is on line {first.line}."
        registry.report(Letter("duplicate_definition", message, info.place, "Rename one, or give it `name=`."))
        # Linked like any other class, so that what refers to it causes no further errors.
        registry.classes[f"{info.namespace} at {info.place}"] = cls
        return
    registry.classes[info.namespace] = cls


def _add_inline(cls: type, name: str, value: Expression | FeatureOptions) -> None:
    """`Vessel.load_ratio: float = _.cargo_t / _.capacity_t` after the class statement."""
    place = caller_place()
    annotation = _inline_annotation(cls, name, place)
    if annotation is None:
        raise fault("annotation", f"The feature `{name}` of {cls.__name__} has no type annotation.", place)
    source = FieldSource(place.line, True)
    cls.__creta__.fields[name] = Field(name, annotation, as_declaration(value), source, place)
    type.__setattr__(cls, name, Reference(cls, (name,)))


def _inline_annotation(cls: type, name: str, place: Place) -> str | None:
    """Python evaluates and forgets the annotation of an attribute, so it is read from the source line."""
    try:
        tree = ast.parse("".join(linecache.getlines(place.file)))
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Attribute):
            continue
        if node.target.attr == name and node.lineno <= place.line <= (node.end_lineno or node.lineno):
            return ast.unparse(node.annotation)
    return None


def snake_case(name: str) -> str:
    """`PortCallFeatures` → `port_call`."""
    if name.endswith("Features") and name != "Features":
        name = name.removesuffix("Features")
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name).lower()


def module_globals(name: str) -> dict[str, Any]:
    """The names visible to annotations of a module."""
    module = sys.modules.get(name)
    return vars(module) if module is not None else {}


def _construct(self, **values) -> None:
    fields = type(self).__creta__.fields
    self.__dict__.update(dict.fromkeys(fields, MISSING))
    for name, value in values.items():
        # `Vessel(**{"risk@2": 0.5})` gives one version.
        bare, version = split_version(name)
        if bare not in fields or (version is not None and version not in fields[bare].options.versions):
            hint = suggestion(name, fields)
            raise TypeError(f"{type(self).__name__} has no feature {name!r}." + (f" {hint}" if hint else ""))
        self.__dict__[name] = value


def _represent(self) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in self.__dict__.items() if value is not MISSING)
    return f"{type(self).__name__}({given})"


def _equal(self, other) -> bool:
    return self.__dict__ == other.__dict__ if type(other) is type(self) else NotImplemented


def _items(self):
    """Pairs of fully qualified name and value of the features that were given."""
    info = type(self).__creta__
    for name, value in self.__dict__.items():
        if value is not MISSING:
            yield f"{info.namespace}.{info.stored_name(name)}", value
