"""The linked project: every class with its features understood, and lookups by path."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from creta.definition.classes import ClassInfo, Field
from creta.definition.durations import display, window_name
from creta.definition.letters import Letter, suggestion
from creta.definition.places import Place
from creta.definition.references import Reference
from creta.definition.value_types import ValueType
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

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def computed(self) -> bool:
        return self.field.options.expression is not None


@dataclass
class LinkedClass:
    """A feature class whose features are known by attribute."""

    cls: type
    info: ClassInfo
    features: dict[str, LinkedFeature] = field(default_factory=dict)
    primary_key: str | None = None
    feature_time: str | None = None

    def scalars(self) -> Iterator[LinkedFeature]:
        """Features with one value per row, in order."""
        return (feature for feature in self.features.values() if feature.kind == "scalar")

    def member(self, attribute: str) -> tuple[LinkedFeature, str] | None:
        """A feature by attribute, or one window of a windowed feature: (feature, stored name)."""
        found = self.features.get(attribute)
        if found is not None:
            return found, found.name
        for feature in self.features.values():
            if feature.kind == "windowed":
                for window in feature.field.options.windows:
                    if attribute == window_name(feature.field.attribute, window):
                        return feature, window_name(feature.name, window)
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
                path=(*self.path[:-1], window_name(self.feature.name, window)),
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
        feature, nullable, many = None, False, False
        for position, attribute in enumerate(reference._creta_path):
            member = current.member(attribute)
            if member is None:
                reported = attribute in current.info.fields
                return None if reported else missing_member(current, attribute, place)
            feature, stored = member
            names.append(stored)
            nullable |= feature.meaning.nullable
            if position + 1 < len(reference._creta_path):
                many |= feature.kind == "has_many"
                target = self.classes.get(feature.meaning.target) if feature.meaning.target else None
                if target is None:
                    message = f"`{current.info.name}.{attribute}` is no relationship, so nothing can follow it."
                    return Letter("unknown_feature", message, place)
                current = target
        whole = feature.kind == "windowed" and names[-1] == feature.name
        target = Target(root, tuple(names), feature, whole, many, nullable)
        if feature.kind == "windowed" and not whole:
            lengths = feature.field.options.windows
            chosen = next(length for length in lengths if window_name(feature.name, length) == names[-1])
            target = replace(target, window=chosen)
        return target


def missing_member(owner: LinkedClass, attribute: str, place: Place) -> Letter:
    """The letter for an attribute that a class does not have; a wrong window lists the right ones."""
    for feature in owner.features.values():
        if feature.kind == "windowed" and attribute.startswith(feature.field.attribute + "__"):
            message = f"`{owner.info.name}.{feature.field.attribute}` has no such window (`{attribute}`)."
            known = ", ".join(display(length) for length in feature.field.options.windows)
            return Letter("unknown_feature", message, place, f"Its windows are: {known}.")
    message = f"{owner.info.name} has no feature `{attribute}`."
    return Letter("unknown_feature", message, place, suggestion(attribute, owner.features))
