"""Evaluates the simple expressions that filter a DataFrame inside of a resolver: comparisons, arithmetic, `& | ~`.

The server evaluates everything else. Meanings are those of the server: null propagates, division is true division.
"""

from typing import Any

import pyarrow
import pyarrow.compute as compute

from creta import clock
from creta.definition.expressions import node_of
from creta.definition.values import EPOCH, EPOCH_DAY, MICROSECOND

BINARY = {
    "==": compute.equal,
    "!=": compute.not_equal,
    "<": compute.less,
    "<=": compute.less_equal,
    ">": compute.greater,
    ">=": compute.greater_equal,
    "&": compute.and_kleene,
    "|": compute.or_kleene,
    "+": compute.add_checked,
    "-": compute.subtract_checked,
    "*": compute.multiply_checked,
    "/": lambda left, right: compute.divide_checked(_as_float(left), _as_float(right)),
}
UNARY = {"~": compute.invert, "neg": compute.negate_checked, "is_null": compute.is_null}


def _as_float(value: Any) -> Any:
    return compute.cast(value, pyarrow.float64())


def evaluate(expression: Any, table: pyarrow.Table) -> Any:
    """The expression's column over the table's columns. Raises ValueError for what only the server can do."""
    return _evaluate(node_of(expression), table)


def _evaluate(node: Any, table: pyarrow.Table) -> Any:
    if node == "now":
        return pyarrow.scalar(clock.now(), pyarrow.timestamp("us", "UTC"))
    if isinstance(node, dict):
        ((kind, body),) = node.items()
        if kind == "literal":
            return pyarrow.scalar(_literal(body))
        if kind == "attribute":
            return table.column(column_of(node, table))
        if kind == "call":
            arguments = [_evaluate(argument, table) for argument in body["arguments"]]
            function = (UNARY if len(arguments) == 1 else BINARY).get(body["function"])
            if function is not None and len(arguments) <= 2:
                return function(*arguments)
    raise ValueError("this expression cannot be evaluated inside of a resolver; use it in a feature class")


def _literal(value: Any) -> Any:
    """A constant of the bundle as a Python value."""
    if value == "null":
        return None
    ((kind, plain),) = value.items()
    if kind == "datetime":
        return EPOCH + plain * MICROSECOND
    if kind == "timedelta":
        return plain * MICROSECOND
    if kind == "date":
        return EPOCH_DAY.fromordinal(EPOCH_DAY.toordinal() + plain)
    return plain


def column_of(node: dict, table: pyarrow.Table) -> str:
    """The column that an attribute path means. Raises KeyError when there is none."""
    names: list[str] = []
    while isinstance(node, dict) and "attribute" in node:
        names.insert(0, node["attribute"]["name"])
        node = node["attribute"]["of"]
    if isinstance(node, dict) and "root" in node:
        info = node["root"].__creta__
        name = ".".join((info.namespace, info.stored_name(names[0]), *names[1:]))
        if name in table.column_names:
            return name
        raise KeyError(f"the DataFrame has no column {name}")
    path = ".".join(names)
    found = [name for name in table.column_names if name.partition(".")[2] == path]
    if len(found) != 1:
        raise KeyError(f"the DataFrame has {len(found)} columns called {path}")
    return found[0]
