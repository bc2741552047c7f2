"""`_` expressions: Python operators on `_` build a tree, which is exported as JSON and never evaluated here."""

from datetime import date, datetime, time, timedelta

from creta.definition.brackets import decides_rows
from creta.definition.durations import microseconds
from creta.definition.letters import fault
from creta.definition.places import caller_place
from creta.definition.values import guess_value
from creta.definition.versions import versioned

AGGREGATES = frozenset(
    [
        "sum",
        "min",
        "max",
        "mean",
        "count",
        "any",
        "all",
        "std",
        "var",
        "std_sample",
        "var_sample",
        "std_pop",
        "var_pop",
        "stddev",
        "stddev_sample",
        "stddev_pop",
        "variance",
        "median",
        "approx_count_distinct",
        "approx_percentile",
        "approx_top_k",
        "max_by",
        "min_by",
        "max_by_n",
        "min_by_n",
        "array_agg",
        "set_agg",
        "set_union",
        "skewness",
        "kurtosis",
        "vector_sum",
        "vector_mean",
        "num_unique",
    ]
)


class Expression:
    """A node of an expression tree. Made by `_`, by operators on other expressions and by `creta.functions`."""

    __slots__ = ("_creta_node",)
    __hash__ = object.__hash__

    def __init__(self, node):
        object.__setattr__(self, "_creta_node", node)

    def __repr__(self) -> str:
        return f"<creta expression {self._creta_node!r}>"

    def __bool__(self) -> bool:
        if decides_rows():
            # The brackets around it are read again, with operators in place of the words.
            return True
        raise fault(
            "expression",
            "The truth of an expression is not known when it is defined.",
            caller_place(),
            "Use `&`, `|` and `~` instead of `and`, `or`, `not`, and two comparisons instead of `a < b < c`.",
        )

    def __iter__(self):
        raise TypeError("an expression cannot be iterated over")

    def __setattr__(self, name, value):
        raise AttributeError("an expression cannot be changed")

    def __getattr__(self, name: str) -> "Expression":
        if name.startswith("__"):
            raise AttributeError(name)
        if self._creta_node == "this":
            if name in ("creta_now", "chalk_now"):
                return Expression("now")
            if name in ("creta_window", "chalk_window"):
                return Expression("window_start")
        return Expression({"attribute": {"of": self._creta_node, "name": name}})

    def __getitem__(self, items) -> "Expression":
        if isinstance(items, (str, timedelta)):
            return Expression({"window": {"of": self._creta_node, "window": window_length(items)}})
        if isinstance(items, tuple) and items and isinstance(items[0], (str, timedelta)):
            group = group_json(items[1:])
            return Expression({"window": {"of": self._creta_node, "window": window_length(items[0]), "group": group}})
        return Expression({"rows": _rows(self._creta_node, items if isinstance(items, tuple) else (items,))})

    def __matmul__(self, version: int) -> "Expression":
        """`_.risk @ 2`: one version of a feature."""
        node = self._creta_node
        if isinstance(node, dict) and "attribute" in node:
            body = node["attribute"]
            return Expression({"attribute": {**body, "name": versioned(body["name"], version)}})
        if isinstance(node, dict) and "window" in node:
            of = (Expression(node["window"]["of"]) @ version)._creta_node
            return Expression({"window": {**node["window"], "of": of}})
        raise fault("expression", "Only a feature has versions: `_.risk @ 2`.", caller_place())

    def __call__(self, *arguments, **options) -> "Expression":
        """Calls on `rows.name`: `where` filters, the names of AGGREGATES aggregate."""
        attribute = self._creta_node.get("attribute") if isinstance(self._creta_node, dict) else None
        name = attribute["name"] if attribute else None
        if name == "group_by":
            return Expression({"group_by": {"of": attribute["of"], "keys": _group_keys(arguments, options)}})
        if name == "where":
            return Expression({"rows": _filtered(attribute["of"], arguments)})
        if name in AGGREGATES:
            return Expression({"aggregate": _aggregate(attribute["of"], name, arguments, options)})
        raise fault(
            "expression",
            f"`{name}` cannot be called in an expression." if name else "This expression cannot be called.",
            caller_place(),
            "Methods are the aggregates (sum, count, max_by, …) and where; functions are in creta.functions.",
        )


def window_length(window) -> int:
    """Microseconds of a window in a subscript."""
    try:
        return microseconds(window)
    except ValueError as error:
        raise fault("invalid_definition", str(error), caller_place()) from None


def group_json(filters: tuple) -> dict:
    """Column → node of the equalities that choose a group: `["1d", PortCall.berth_id == 4]`."""
    group: dict = {}
    for item in filters:
        body = (
            item._creta_node.get("call")
            if isinstance(item, Expression) and isinstance(item._creta_node, dict)
            else None
        )
        column = body["arguments"][0].get("attribute") if body and isinstance(body["arguments"][0], dict) else None
        if column is None or body["function"] != "==" or not isinstance(column["of"], (dict, str)):
            fix = 'Give one equality per column of the group: `["1d", PortCall.berth_id == 4]`.'
            raise fault("expression", "A group is chosen by equalities.", caller_place(), fix)
        if column["name"] in group:
            raise fault("expression", f"The group's column `{column['name']}` is given twice.", caller_place())
        group[column["name"]] = body["arguments"][1]
    return group


def _group_keys(arguments: tuple, options: dict) -> list:
    keys = [node_of(argument) for argument in arguments]
    plain = [isinstance(key, dict) and key.get("attribute", {}).get("of") == "this" for key in keys]
    if options or not keys or not all(plain):
        message = "`group_by` takes columns of the rows."
        raise fault("expression", message, caller_place(), "Write `_.calls.group_by(_.berth_id).count()`.")
    return keys


def _rows(of, items: tuple) -> dict:
    rows: dict = {"of": of}
    nodes = []
    for item in items:
        if isinstance(item, slice):
            if item.start is not None or item.step is not None or not isinstance(item.stop, int) or item.stop < 0:
                message = "Rows are limited with `:n`, without a start or a step."
                raise fault("expression", message, caller_place())
            rows["limit"] = item.stop
        elif isinstance(item, Bound):
            nodes.extend(item.conditions())
        else:
            nodes.append(node_of(item))
    if nodes:
        rows["items"] = nodes
    return rows


def _filtered(of, filters: tuple) -> dict:
    """`.where` on rows adds filters to them; on a bare relationship it makes rows of it."""
    rows = dict(of["rows"]) if isinstance(of, dict) and "rows" in of else {"of": of}
    rows["filters"] = [*rows.get("filters", []), *map(node_of, filters)]
    return rows


def _aggregate(of, name: str, arguments: tuple, options: dict) -> dict:
    aggregate = {"of": of, "function": name}
    if arguments:
        aggregate["arguments"] = [node_of(argument) for argument in arguments]
    if options:
        aggregate["options"] = {key: guess_value(value) for key, value in options.items()}
    return aggregate


class Bound:
    """`after(...)` and `before(...)`: a condition on a datetime feature of has-many rows, both ends inclusive.

    `index` names that feature; None stands for the feature time of the rows, which is known once all is imported.
    """

    def __init__(self, distance: int, index, is_after: bool):
        self.distance = distance
        self.index = index
        self.is_after = is_after

    def conditions(self, feature_time: str | None = None) -> list:
        """The comparisons as nodes; `feature_time` stands in when no index was given."""
        if self.index is not None:
            column = node_of(self.index)
        elif feature_time is not None:
            column = {"attribute": {"of": "this", "name": feature_time}}
        else:
            raise fault(
                "expression",
                "`after` and `before` need `index=` in an expression.",
                caller_place(),
                "Name the datetime feature: `after(days_ago=7, index=_.at)`.",
            )
        limit = call("-", Expression("now"), Expression({"literal": {"timedelta": self.distance}}))
        edge = call(">=" if self.is_after else "<=", Expression(column), limit)._creta_node
        if not self.is_after:
            return [edge]
        return [edge, call("<=", Expression(column), Expression("now"))._creta_node]


def _bound(is_after: bool, index, units: dict[str, float]) -> Bound:
    return Bound(timedelta(**units) // timedelta(microseconds=1), index, is_after)


def after(
    *, weeks_ago=0, days_ago=0, hours_ago=0, minutes_ago=0, seconds_ago=0, milliseconds_ago=0, microseconds_ago=0,
    index=None,
) -> Bound:  # fmt: skip
    """Keeps rows with `now − Δ ≤ index ≤ now`. The parts of Δ add up; `index` defaults to the feature time."""
    return _bound(True, index, _units(locals()))


def before(
    *, weeks_ago=0, days_ago=0, hours_ago=0, minutes_ago=0, seconds_ago=0, milliseconds_ago=0, microseconds_ago=0,
    index=None,
) -> Bound:  # fmt: skip
    """Keeps rows with `index ≤ now − Δ`. The parts of Δ add up; `index` defaults to the feature time."""
    return _bound(False, index, _units(locals()))


def _units(arguments: dict) -> dict[str, float]:
    return {name.removesuffix("_ago"): value for name, value in arguments.items() if name.endswith("_ago")}


LITERALS = (bool, int, float, str, bytes, datetime, date, time, timedelta, list, tuple, type(None))


def node_of(value):
    """The JSON node of an expression, a reference to a feature, or a plain Python value."""
    if isinstance(value, Expression):
        return value._creta_node
    as_node = getattr(type(value), "_creta_as_node", None)
    if as_node is not None:
        return as_node(value)
    if not isinstance(value, LITERALS) and not hasattr(value, "value"):
        raise fault("expression", f"{value!r} cannot be part of an expression.", caller_place())
    return {"literal": guess_value(value)}


def call(function: str, *arguments, **options) -> Expression:
    """A call of an operator or of a function of the catalogue; options are constants."""
    body: dict = {"function": function, "arguments": [node_of(argument) for argument in arguments]}
    if options:
        body["options"] = {key: guess_value(value) for key, value in options.items()}
    return Expression({"call": body})


BINARY = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>",
}  # fmt: skip
COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}


def add_operators(cls: type, methods: dict[str, str], *, reflected: bool) -> None:
    """Gives a class the operators in `methods` (Python's method name → operator), each building a call."""
    for name, operator in methods.items():
        setattr(cls, f"__{name}__", lambda self, other, operator=operator: call(operator, self, other))
        if reflected:
            setattr(cls, f"__r{name}__", lambda self, other, operator=operator: call(operator, other, self))


add_operators(Expression, BINARY, reflected=True)
add_operators(Expression, COMPARISONS, reflected=False)
Expression.__neg__ = lambda self: call("neg", self)
Expression.__invert__ = lambda self: call("~", self)

this = Expression("this")
outer = Expression("outer")
