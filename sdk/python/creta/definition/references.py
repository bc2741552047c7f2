"""References to features: what `Vessel.berth.name` and `Vessel.teu["30d"]` are, in annotations and in client calls."""

from datetime import timedelta
from typing import Any

from creta.definition.brackets import recovered
from creta.definition.durations import window_name
from creta.definition.expressions import (
    BINARY,
    COMPARISONS,
    LITERALS,
    Bound,
    Expression,
    add_operators,
    call,
    group_json,
    window_length,
)
from creta.definition.letters import fault
from creta.definition.places import caller_place
from creta.definition.versions import keep_version, versioned


class Reference:
    """A path from a feature class over relationships to a feature. `str()` gives its fully qualified name.

    Names are checked when a project is exported, since the classes on the way may not be imported yet. All own
    attributes begin with `_creta_`, because every other name may be a feature of the user's.
    """

    __slots__ = ("_creta_broken", "_creta_items", "_creta_owner", "_creta_path", "_creta_place")
    __hash__ = object.__hash__

    def __init__(self, owner: type, path: tuple[str, ...], items: tuple = (), broken: bool = False):
        self._creta_owner = owner
        self._creta_path = path
        self._creta_items = items
        self._creta_broken = broken

    def __getattr__(self, name: str) -> "Reference":
        if name.startswith("_"):
            raise AttributeError(name)
        return Reference(self._creta_owner, (*self._creta_path, name), (), self._creta_broken)

    def __getitem__(self, items) -> "Reference":
        """`["30d"]` picks a window; features, filters, `after`/`before` and `:n` shape has-many rows."""
        if isinstance(items, (str, timedelta)):
            return self._creta_renamed(lambda name: window_name(name, window_length(items)))
        if isinstance(items, tuple) and items and isinstance(items[0], (str, timedelta)):
            window = self._creta_renamed(lambda name: window_name(name, window_length(items[0])))
            return Reference(self._creta_owner, window._creta_path, (Group(group_json(items[1:])),), self._creta_broken)
        items = recovered(items)
        added = combined(self._creta_items, items if isinstance(items, tuple) else (items,))
        return Reference(self._creta_owner, self._creta_path, added, self._creta_broken)

    def __matmul__(self, version: int) -> "Reference":
        """`Vessel.risk @ 2`: one version of a feature."""
        name = versioned(self._creta_path[-1], version)
        return Reference(self._creta_owner, (*self._creta_path[:-1], name), self._creta_items, self._creta_broken)

    def _creta_renamed(self, change) -> "Reference":
        """The same path with another last name; its version stays."""
        name = keep_version(self._creta_path[-1], change)
        return Reference(self._creta_owner, (*self._creta_path[:-1], name), (), self._creta_broken)

    def __iter__(self):
        raise TypeError("a feature reference cannot be iterated over")

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        return ".".join((self._creta_owner.__creta__.namespace, *stored_path(self)))

    def __repr__(self) -> str:
        return f"<feature {self}>"

    def __or__(self, other):
        if other is None:
            return OptionalReference(self)
        return call("|", self, other)

    def __ror__(self, other):
        if other is None:
            return OptionalReference(self)
        return call("|", other, self)

    def _creta_as_node(self):
        """An attribute chain over `{"root": class}`, which `rebase` turns into `_` once the scope is known."""
        node: object = {"root": self._creta_owner}
        for name in self._creta_path:
            node = {"attribute": {"of": node, "name": name}}
        return node


class Group:
    """The group that is read of a `group_by_windowed` feature: column → node."""

    def __init__(self, columns: dict):
        self.columns = columns


def chosen_group(reference: "Reference") -> dict | None:
    """The group that a reference reads, if it names one."""
    return next((item.columns for item in reference._creta_items if isinstance(item, Group)), None)


class OptionalReference:
    """`Vessel.score | None` in an annotation."""

    def __init__(self, reference: Reference):
        self.reference = reference


add_operators(Reference, {name: sign for name, sign in BINARY.items() if name != "or"}, reflected=True)
Reference.__invert__ = lambda self: call("~", self)
Reference.__neg__ = lambda self: call("neg", self)


def _comparison(operator: str):
    def compare(self, other):
        # typing compares annotations with its own objects; those are none of ours.
        if isinstance(other, (Reference, Expression, *LITERALS)) or hasattr(other, "value"):
            return call(operator, self, other)
        return NotImplemented

    return compare


for _name, _operator in COMPARISONS.items():
    setattr(Reference, f"__{_name}__", _comparison(_operator))


def stored_path(reference: Reference) -> tuple[str, ...]:
    """The path in stored names, as far as the classes on the way are known."""
    info = reference._creta_owner.__creta__
    names = []
    for attribute in reference._creta_path:
        names.append(info.stored_name(attribute) if info is not None else attribute)
        info = info.target_of(attribute) if info is not None else None
    return tuple(names)


def rebase(node, owner: type, place):
    """Replaces references to `owner` in an expression by `_`; a reference to another class is a fault."""
    if isinstance(node, list):
        return [rebase(item, owner, place) for item in node]
    if not isinstance(node, dict):
        return node
    if "root" in node:
        if node["root"] is owner:
            return "this"
        message = f"This expression is about {owner.__name__}, but uses {node['root'].__name__}."
        raise fault("expression", message, place, f"Reach other classes through a relationship of {owner.__name__}.")
    return {key: rebase(value, owner, place) for key, value in node.items()}


def combined(items: tuple, added: tuple) -> tuple:
    """Brackets behind brackets: filters add up, new columns replace the old ones."""
    if split_items(added)[0]:
        items = tuple(item for item in items if isinstance(item, (slice, Expression, Bound)))
    return (*items, *added)


def limit_of(cut: slice) -> int:
    """The n of `:n`; a fault for a start, a step or a negative n."""
    if cut.start is not None or cut.step is not None or not isinstance(cut.stop, int) or cut.stop < 0:
        raise fault("expression", "Rows are limited with `:n`, without a start or a step.", caller_place())
    return cut.stop


def attribute_of_row(item: Any) -> str | None:
    """The name in `_.name`, which projects as it does in expressions; None for everything else."""
    match item._creta_node if isinstance(item, Expression) else None:
        case {"attribute": {"of": "this", "name": name}}:
            return name
    return None


def split_items(items: tuple) -> tuple[list, list, int | None]:
    """The subscript of rows as (projected columns, filters, limit). A column is a reference or `_.name`."""
    columns, filters, limit = [], [], None
    for item in items:
        if isinstance(item, slice):
            limit = limit_of(item)
        elif isinstance(item, (Expression, Bound)) and attribute_of_row(item) is None:
            filters.append(item)
        else:
            columns.append(item)
    return columns, filters, limit
