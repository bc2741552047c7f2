"""`group_by_windowed` features: what they are grouped by, the type of their values, and how a group is chosen."""

from typing import Any

from creta.definition.expressions import node_of
from creta.definition.letters import DefinitionError, Letter
from creta.definition.places import Place
from creta.definition.references import rebase
from creta.definition.value_types import SIMPLE, ValueType
from creta.project.linked import Linked, LinkedClass, LinkedFeature, missing_member

EXAMPLE = "Write `_.calls.group_by(_.berth_id).count()`."
COUNTS = frozenset(["count", "approx_count_distinct", "num_unique"])
OF_COLUMN = frozenset(["sum", "min", "max"])


def find_groups(linked: Linked, owner: LinkedClass, feature: LinkedFeature) -> None:
    """Sets the group's columns, and the type when the annotation leaves it open. Raises DefinitionError."""
    place = feature.field.place
    aggregate = _body(rebase(node_of(feature.field.options.expression), owner.cls, place), "aggregate")
    grouped = _body(aggregate.get("of"), "group_by")
    if not grouped:
        raise _fault(f"`{owner.info.name}.{feature.field.attribute}` is no aggregate of groups.", place)
    rows = _body(grouped["of"], "rows")
    child = _child(linked, owner, rows.get("of") if rows else grouped["of"], place)
    for key in grouped["keys"]:
        attribute = key["attribute"]["name"]
        feature.group_attributes.append(attribute)
        feature.group.append(_scalar(child, attribute, place).name)
    if feature.meaning.frame:
        feature.type = _type(child, aggregate["function"], rows.get("items", ()), place)


def _body(node: Any, kind: str) -> dict:
    return node.get(kind, {}) if isinstance(node, dict) else {}


def _fault(message: str, place: Place) -> DefinitionError:
    return DefinitionError([Letter("expression", message, place, EXAMPLE)])


def _child(linked: Linked, owner: LinkedClass, node: Any, place: Place) -> LinkedClass:
    attribute = _body(node, "attribute")
    found = owner.find(attribute["name"]) if attribute and attribute["of"] == "this" else None
    if found is None or found.kind != "has_many":
        raise _fault("Only the rows of a has-many relationship of the class can be grouped.", place)
    return linked.classes[found.meaning.target]


def _scalar(child: LinkedClass, attribute: str, place: Place) -> LinkedFeature:
    found = child.find(attribute)
    if found is None:
        raise DefinitionError([missing_member(child, attribute, place)])
    if found.kind != "scalar":
        message = f"`{child.info.name}.{attribute}` has no single value, so rows cannot be grouped by it."
        raise DefinitionError([Letter("expression", message, place)])
    return found


def _type(child: LinkedClass, function: str, items: Any, place: Place) -> ValueType | None:
    """The type of an aggregate, as far as it follows from the aggregate and a plain column."""
    if function in COUNTS:
        return SIMPLE[int]
    columns = [_body(item, "attribute") for item in items]
    columns = [column for column in columns if column and column["of"] == "this"]
    if function in OF_COLUMN and len(columns) == 1:
        return _scalar(child, columns[0]["name"], place).type
    if function in ("mean", "std", "var"):
        return SIMPLE[float]
    message = f"The type of `{function}` does not follow from its rows."
    raise DefinitionError([Letter("annotation", message, place, "Annotate the feature with `Windowed[float]`.")])


def group_fault(feature: LinkedFeature, name: str, group: dict | None, place: Place) -> Letter | None:
    """What is wrong with the group that is read of a feature."""
    if not feature.group:
        return None if group is None else Letter("expression", f"`{name}` is not grouped.", place)
    if set(group or ()) == set(feature.group_attributes):
        return None
    columns = ", ".join(f"`{column}`" for column in feature.group_attributes)
    fix = 'Give an equality for each: `["1d", PortCall.berth_id == 4]`.'
    return Letter("expression", f"`{name}` is grouped by {columns}, so a group must be chosen.", place, fix)


def stored_group(feature: LinkedFeature, group: dict[str, Any]) -> dict[str, Any]:
    """The group with its columns' stored names."""
    names = dict(zip(feature.group_attributes, feature.group, strict=True))
    return {names.get(attribute, attribute): node for attribute, node in group.items()}
