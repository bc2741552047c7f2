"""`and`, `or`, `not`, `in` and `is` inside of the brackets of rows: `Vessel.calls[PortCall.teu > 3 and PortCall.held]`.

Python decides these words before a filter sees them, so the brackets are read again from the source and evaluated with
`&`, `|`, `~`, `==` and `is_null` in their place. In `_` expressions the words stay errors.
"""

import ast
import functools
import linecache
import os
import sys
from types import CodeType, FrameType
from typing import Any

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORDS = (ast.And, ast.Or, ast.Not, ast.In, ast.NotIn, ast.Is, ast.IsNot)
THIS = ("_", "__")


def recovered(items: Any) -> Any:
    """What stands in the brackets whose `__getitem__` asks; `items` when they use none of the words."""
    from creta.definition.expressions import Expression

    if not any(isinstance(item, (bool, Expression)) for item in (items if isinstance(items, tuple) else (items,))):
        return items
    frame = _users_frame()
    code = _rewritten(frame.f_code, frame.f_lasti)
    return items if code is None else eval(code, {**frame.f_globals, **frame.f_locals, **functions()})


def decides_rows() -> bool:
    """Whether the truth of an expression is asked for inside of brackets that will be read again."""
    frame = _users_frame()
    line, column = _position(frame.f_code, frame.f_lasti)[::2]
    for node in _subscripts(frame.f_code.co_filename):
        inner = node.slice
        begins = (inner.lineno, inner.col_offset) <= (line, column)
        if begins and (line, column) < (inner.end_lineno, inner.end_col_offset) and _is_rows(node.value, frame):
            return True
    return False


def rewrite(tree: ast.AST) -> ast.AST:
    """The same tree, with the words replaced inside of the brackets of anything but `_`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and _root(node.value) not in THIS:
            node.slice = _Operators().visit(node.slice)
    return ast.fix_missing_locations(tree)


def functions() -> dict[str, Any]:
    """The names that rewritten brackets use."""
    from creta.definition.expressions import call

    def is_in(value: Any, among: Any) -> Any:
        """One equality per item; of nothing it is False, or null for a null."""
        parts = [call("is_null", value) if item is None else call("==", value, item) for item in among]
        if not parts:
            return call("&", call("==", value, value), call("!=", value, value))
        return functools.reduce(lambda left, right: call("|", left, right), parts)

    return {"__creta_in": is_in, "__creta_null": lambda value: call("is_null", value)}


def _users_frame() -> FrameType:
    frame = sys._getframe(1)
    while frame.f_back is not None and os.path.abspath(frame.f_code.co_filename).startswith(PACKAGE + os.sep):
        frame = frame.f_back
    return frame


def _position(code: CodeType, instruction: int) -> tuple[int, int, int, int]:
    """(line, last line, column, last column) of the instruction that is running; zeros when unknown."""
    positions = list(code.co_positions())
    found = positions[instruction // 2] if instruction // 2 < len(positions) else ()
    return found if len(found) == 4 and None not in found else (0, 0, 0, 0)


@functools.lru_cache(maxsize=64)
def _subscripts(filename: str) -> list[ast.Subscript]:
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return []
    return [node for node in ast.walk(tree) if isinstance(node, ast.Subscript)]


@functools.lru_cache(maxsize=1024)
def _rewritten(code: CodeType, instruction: int) -> CodeType | None:
    """The brackets of the running instruction, compiled with operators in place of the words."""
    line, last_line, column, last_column = _position(code, instruction)
    for node in _subscripts(code.co_filename):
        if (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == (
            line,
            last_line,
            column,
            last_column,
        ):
            if not any(isinstance(inner, WORDS) for inner in ast.walk(node.slice)):
                return None
            # The tree is shared, so a copy of it is changed.
            copy = ast.parse(ast.unparse(node), mode="eval").body
            body = _Operators().visit(copy.slice)
            tree = ast.Expression(body)
            for inner in ast.walk(tree):
                if hasattr(inner, "lineno"):
                    inner.lineno = inner.end_lineno = line
            return compile(ast.fix_missing_locations(tree), code.co_filename, "eval")
    return None


def _root(node: ast.AST) -> str | None:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _is_rows(base: ast.AST, frame: FrameType) -> bool:
    """Whether brackets behind this name reach a feature class or a DataFrame."""
    name = _root(base)
    value = frame.f_locals.get(name, frame.f_globals.get(name))
    kinds = {kind.__name__ for kind in (*type(value).__mro__, *(value.__mro__ if isinstance(value, type) else ()))}
    return bool(kinds & {"FeatureMeta", "Reference", "DataFrame", "DataFrameOf"})


class _Operators(ast.NodeTransformer):
    """Boolean words to operators on expressions."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        operator = ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr()
        return _chain([self.visit(value) for value in node.values], operator)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        operand = self.visit(node.operand)
        return ast.UnaryOp(ast.Invert() if isinstance(node.op, ast.Not) else node.op, operand)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        sides = [self.visit(side) for side in (node.left, *node.comparators)]
        parts = [_compared(operator, left, right)
                 for operator, left, right in zip(node.ops, sides, sides[1:], strict=False)]  # fmt: skip
        return _chain(parts, ast.BitAnd())


def _chain(parts: list[ast.AST], operator: ast.operator) -> ast.AST:
    return functools.reduce(lambda left, right: ast.BinOp(left, operator, right), parts)


def _compared(operator: ast.cmpop, left: ast.AST, right: ast.AST) -> ast.AST:
    found: ast.AST
    if isinstance(operator, (ast.In, ast.NotIn)):
        found = ast.Call(ast.Name("__creta_in", ast.Load()), [left, right], [])
    elif isinstance(operator, (ast.Is, ast.IsNot)) and isinstance(right, ast.Constant) and right.value is None:
        found = ast.Call(ast.Name("__creta_null", ast.Load()), [left], [])
    elif isinstance(operator, (ast.Is, ast.IsNot)):
        found = ast.Compare(left, [ast.Eq()], [right])
    else:
        return ast.Compare(left, [operator], [right])
    return ast.UnaryOp(ast.Invert(), found) if isinstance(operator, (ast.NotIn, ast.IsNot)) else found
