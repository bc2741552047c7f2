"""The linked project: every class with its features understood, and lookups by path."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from creta.definition.classes import ClassInfo, Field
from creta.definition.durations import display, window_name
from creta.definition.letters import Letter, suggestion
from creta.definition.places import Place
from creta.definition.references import Reference
from creta.definition.value_types import ValueType
from creta.definition.versions import split_version, versioned
from creta.project.annotations import Meaning


@dataclass
class LinkedFeature:
    """A field and what it is: "scalar", "windowed", "has_one" or "has_many"."""

    field: Field
    meaning: Meaning
    kind: str = "scalar"
    type: ValueType | None = None
    # (our stored name, their stored name) of a relationship.
    pairs: list[tuple[str, str]] = field(default_factory=list)
    # One of several versions, and which of them a bare name means.
    version: int | None = None
    default_version: int | None = None
    # The columns (stored names) that the values of a `group_by_windowed` feature are grouped by, and their attributes.
    group: list[str] = field(default_factory=list)
    group_attributes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.field.name

    def label(self, name: str) -> str:
        """`name@2` for a version that the bare name does not mean."""
        return name if self.version == self.default_version else versioned(name, self.version)

    @property
    def computed(self) -> bool:
        return self.field.options.expression is not None


class Member(NamedTuple):
    """A feature as a name reaches it: its stored name, and the window when one is meant."""

    feature: LinkedFeature
    name: str
    window: int | None = None


@dataclass
class LinkedClass:
    """A feature class whose features are known by attribute; versions are `risk@1`, `risk@2`, …"""

    cls: type
    info: ClassInfo
    features: dict[str, LinkedFeature] = field(default_factory=dict)
    primary_key: str | None = None
    feature_time: str | None = None
    # Whether every field could be understood.
    complete: bool = True

    def scalars(self) -> Iterator[LinkedFeature]:
        """Features with one value per row, in order; of several versions the default one."""
        return (
            feature
            for feature in self.features.values()
            if feature.kind == "scalar" and feature.version == feature.default_version
        )

    def find(self, attribute: str) -> LinkedFeature | None:
        """A feature by attribute: a version by its number, a bare name means the default version."""
        bare, version = split_version(attribute)
        found = self.features.get(attribute)
        if found is None and version is None and bare in self.info.fields:
            default = self.info.fields[bare].options.default_version
            return self.features.get(versioned(bare, default))
        return found

    def member(self, attribute: str) -> Member | None:
        """A feature by attribute, or one window of a windowed feature."""
        found = self.find(attribute)
        if found is not None:
            return Member(found, found.label(found.name))
        bare, version = split_version(attribute)
        for feature in self.features.values():
            for window in feature.field.options.windows if feature.kind == "windowed" else ():
                if bare != window_name(feature.field.attribute, window):
                    continue
                own = feature.field.attribute if version is None else versioned(feature.field.attribute, version)
                if self.find(own) is feature:
                    return Member(feature, feature.label(window_name(feature.name, window)), window)
        return None


@dataclass(frozen=True)
class Target:
    """Where a reference leads: stored path from its root, the last feature, and whether rows or nulls may be passed."""

    root: LinkedClass
    path: tuple[str, ...]
    feature: LinkedFeature
    windowed_whole: bool
    through_many: bool
    nullable: bool
    # The window in microseconds, when one of a windowed feature is meant.
    window: int | None = None

    @property
    def dotted(self) -> str:
        return ".".join(self.path)

    @property
    def fqn(self) -> str:
        return f"{self.root.info.namespace}.{self.dotted}"

    def windows(self) -> "list[Target]":
        """A windowed feature without its window means all of them; anything else is itself."""
        if not self.windowed_whole:
            return [self]
        return [
            replace(
                self,
                path=(*self.path[:-1], self.feature.label(window_name(self.feature.name, window))),
                windowed_whole=False,
                window=window,
            )
            for window in self.feature.field.options.windows
        ]


@dataclass
class Linked:
    """All classes of the project, by Python class."""

    classes: dict[type, LinkedClass] = field(default_factory=dict)

    def follow(self, reference: Reference, place: Place) -> Target | Letter | None:
        """Walks a reference. A letter when a name is unknown, None when that was already reported."""
        if reference._creta_broken:
            return None
        root = current = self.classes[reference._creta_owner]
        names: list[str] = []
        member, nullable, many = None, False, False
        for position, attribute in enumerate(reference._creta_path):
            member = current.member(attribute)
            if member is None:
                # A field that is there but could not be linked has its own letter already.
                reported = attribute in current.info.fields
                return None if reported else missing_member(current, attribute, place)
            names.append(member.name)
            nullable |= member.feature.meaning.nullable
            if position + 1 < len(reference._creta_path):
                many |= member.feature.kind == "has_many"
                target = self.classes.get(member.feature.meaning.target) if member.feature.meaning.target else None
                if target is None:
                    message = f"`{current.info.name}.{attribute}` is no relationship, so nothing can follow it."
                    return Letter("unknown_feature", message, place)
                current = target
        whole = member.feature.kind == "windowed" and member.window is None
        return Target(root, tuple(names), member.feature, whole, many, nullable, member.window)


def missing_member(owner: LinkedClass, attribute: str, place: Place) -> Letter:
    """The letter for an attribute that a class does not have; a wrong window or version lists the right ones."""
    bare, version = split_version(attribute)
    if version is not None and bare in owner.info.fields:
        known = ", ".join(map(str, owner.info.fields[bare].options.versions))
        message = f"`{owner.info.name}.{bare}` has no version {version}."
        fix = f"Its versions are: {known}." if known else "It has no versions; give it some with `feature(version=…)`."
        return Letter("unknown_feature", message, place, fix)
    for feature in owner.features.values():
        if feature.kind == "windowed" and attribute.startswith(feature.field.attribute + "__"):
            message = f"`{owner.info.name}.{feature.field.attribute}` has no such window (`{attribute}`)."
            known = ", ".join(display(length) for length in feature.field.options.windows)
            return Letter("unknown_feature", message, place, f"Its windows are: {known}.")
    message = f"{owner.info.name} has no feature `{attribute}`."
    return Letter("unknown_feature", message, place, suggestion(attribute, owner.features))
