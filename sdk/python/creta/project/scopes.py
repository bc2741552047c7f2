"""Checks the names inside `_` expressions: every attribute must be a feature of the row it is asked of."""

from typing import Any

from creta.definition.durations import display, window_name
from creta.definition.letters import Letter
from creta.definition.places import Place
from creta.project.groups import group_fault, stored_group
from creta.project.linked import Linked, LinkedClass, LinkedFeature, missing_member


class ScopeCheck:
    """Walks one expression. `letters` holds what was found; the types are the server's business.

    `grouped` allows `group_by`, as only `group_by_windowed` features may.
    """

    def __init__(self, linked: Linked, place: Place, grouped: bool = False):
        self.grouped = grouped
        self.linked = linked
        self.place = place
        self.letters: list[Letter] = []

    def check(self, node: Any, scope: LinkedClass | None, outer: LinkedClass | None = None) -> LinkedClass | None:
        """Returns the class that the node's value is a row (or rows) of, or None for plain values."""
        if node == "this":
            return scope
        if node == "outer":
            return outer
        if not isinstance(node, dict):
            return None
        ((kind, body),) = node.items()
        if kind == "attribute":
            return self._attribute(body["of"], body["name"], scope, outer)
        if kind == "window":
            return self._window(body, scope, outer)
        if kind == "rows":
            rows = self.check(body["of"], scope, outer)
            for item in (*body.get("items", ()), *body.get("filters", ())):
                if rows is not None:
                    self.check(item, rows, scope)
            return rows
        if kind == "aggregate":
            rows = self.check(body["of"], scope, outer)
            for argument in body.get("arguments", ()):
                self.check(argument, rows, scope)
            return None
        if kind == "group_by":
            if not self.grouped:
                message = "`group_by` has a meaning in `group_by_windowed` features only."
                self.letters.append(Letter("expression", message, self.place))
            return self.check(body["of"], scope, outer)
        for argument in body.get("arguments", ()) if kind == "call" else ():
            self.check(argument, scope, outer)
        return None

    def _member(self, of: Any, name: str, scope, outer) -> LinkedFeature | None:
        owner = self.check(of, scope, outer)
        if owner is None:
            return None
        member = owner.member(name)
        if member is None:
            # A field that could not be linked has its own letter already.
            if name not in owner.info.fields:
                self.letters.append(missing_member(owner, name, self.place))
            return None
        return member[0]

    def _attribute(self, of: Any, name: str, scope, outer) -> LinkedClass | None:
        member = self._member(of, name, scope, outer)
        if member is None or member.meaning.target is None:
            return None
        return self.linked.classes.get(member.meaning.target)

    def _window(self, body: dict, scope, outer) -> None:
        attribute = body["of"].get("attribute") if isinstance(body["of"], dict) else None
        if attribute is None:
            self.letters.append(Letter("expression", "Only a windowed feature has windows.", self.place))
            return
        member = self._member(attribute["of"], attribute["name"], scope, outer)
        if member is None:
            return
        for node in body.get("group", {}).values():
            self.check(node, scope, outer)
        letter = group_fault(member, attribute["name"], body.get("group"), self.place)
        if letter is not None:
            self.letters.append(letter)
        if body["window"] not in member.field.options.windows:
            asked = window_name(attribute["name"], body["window"])
            message = f"`{attribute['name']}` has no such window (`{asked}`)."
            known = ", ".join(display(length) for length in member.field.options.windows)
            fix = f"Its windows are: {known}." if known else "It is not windowed."
            self.letters.append(Letter("unknown_feature", message, self.place, fix))


def stored_names(node: Any, linked: Linked, scope: LinkedClass | None, outer: LinkedClass | None = None) -> Any:
    """The expression with attributes replaced by stored names where `feature(name=…)` renamed them."""
    rename = _Renaming(linked)
    return rename.walk(node, scope, outer)[0]


class _Renaming:
    def __init__(self, linked: Linked):
        self.linked = linked

    def walk(self, node: Any, scope, outer) -> tuple[Any, LinkedClass | None]:
        if node in ("this", "outer"):
            return node, scope if node == "this" else outer
        if not isinstance(node, dict):
            return node, None
        ((kind, body),) = node.items()
        if kind == "literal":
            return node, None
        if kind == "attribute":
            of, owner = self.walk(body["of"], scope, outer)
            member = owner.member(body["name"]) if owner is not None else None
            target = self.linked.classes.get(member[0].meaning.target) if member else None
            return {kind: {"of": of, "name": member[1] if member else body["name"]}}, target
        changed = dict(body)
        owner = None
        if kind == "window" and "group" in body:
            changed["group"] = self._group(body, scope, outer)
        inner = (scope, outer)
        if "of" in body:
            changed["of"], owner = self.walk(body["of"], scope, outer)
            inner = (owner, scope)
        for key in ("items", "filters", "arguments"):
            if key in body:
                changed[key] = [self.walk(item, *inner)[0] for item in body[key]]
        if kind == "group_by":
            changed["keys"] = [self.walk(key, owner, scope)[0] for key in body["keys"]]
        return {kind: changed}, owner if kind in ("rows", "group_by") else None

    def _group(self, body: dict, scope, outer) -> dict[str, Any]:
        """The chosen group: its columns by their stored names, its values in the scope around it."""
        values = {column: self.walk(node, scope, outer)[0] for column, node in body["group"].items()}
        attribute = body["of"]["attribute"] if isinstance(body["of"], dict) and "attribute" in body["of"] else None
        owner = self.walk(attribute["of"], scope, outer)[1] if attribute else None
        feature = owner.find(attribute["name"]) if owner is not None else None
        return stored_group(feature, values) if feature is not None else values
