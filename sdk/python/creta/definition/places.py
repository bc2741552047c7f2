"""Where in the user's files a definition stands, and the comments written above it."""

import ast
import functools
import linecache
import os
import sys
from dataclasses import dataclass, field

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclass(frozen=True, order=True)
class Place:
    """A file (absolute while collecting, relative to the project once exported) and a 1-based line."""

    file: str
    line: int


@dataclass
class FieldSource:
    """What the source text says about one field of a class."""

    line: int
    annotated: bool
    description: str | None = None
    owner: str | None = None
    tags: list[str] = field(default_factory=list)


def caller_place() -> Place:
    """The nearest frame outside of this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (_is_ours(frame.f_code.co_filename) or _is_generated(frame)):
        frame = frame.f_back
    return Place(frame.f_code.co_filename, frame.f_lineno)


def function_place(function) -> Place:
    """Where a function's `def` (or its first decorator) stands."""
    code = function.__code__
    return Place(code.co_filename, code.co_firstlineno)


def _is_generated(frame) -> bool:
    """The methods that dataclasses write for our classes have no file."""
    return frame.f_code.co_filename == "<string>" and frame.f_globals.get("__name__", "").startswith("creta.")


@functools.cache
def _is_ours(filename: str) -> bool:
    return os.path.abspath(filename).startswith(PACKAGE + os.sep)


CLOCKS = frozenset(("now", "utcnow", "today"))


def clock_defaults(function) -> list[tuple[int, str]]:
    """(line, call) of `datetime.now()` and the like in the defaults and annotations of a function."""
    place = function_place(function)
    tree = _tree(place.file)
    found = []
    for node in ast.walk(tree) if tree is not None else ():
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.name != function.__name__:
            continue
        if min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) != place.line:
            continue
        for part in ast.walk(node.args):
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in CLOCKS:
                found.append((part.lineno, ast.unparse(part)))
    return found


@functools.lru_cache(maxsize=64)
def _tree(filename: str) -> ast.Module | None:
    try:
        return ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return None


def class_source(name: str, place: Place) -> tuple[Place, list[tuple[str, FieldSource]]]:
    """The class statement around `place` and its fields in source order; a field declared twice appears twice."""
    node = _class_node(name, place)
    if node is None:
        return place, []
    lines = linecache.getlines(place.file)
    fields = []
    for statement in node.body:
        for target, annotated in _targets(statement):
            source = FieldSource(statement.lineno, annotated)
            _read_comment(source, lines)
            fields.append((target, source))
    return Place(place.file, node.lineno), fields


def _class_node(name: str, place: Place) -> ast.ClassDef | None:
    tree = _tree(place.file)
    if tree is None:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name == name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= place.line <= (node.end_lineno or node.lineno):
                return node
    return None


def _targets(statement: ast.stmt) -> list[tuple[str, bool]]:
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [(statement.target.id, True)]
    if isinstance(statement, ast.Assign):
        return [(target.id, False) for target in statement.targets if isinstance(target, ast.Name)]
    return []


def _read_comment(source: FieldSource, lines: list[str]) -> None:
    """Comment lines directly above the field; `:owner:` and `:tags:` lines set those, the rest describes."""
    words = []
    index = source.line - 2
    comment = []
    while 0 <= index < len(lines) and lines[index].lstrip().startswith("#"):
        comment.insert(0, lines[index].strip().lstrip("#").strip())
        index -= 1
    for line in comment:
        if line.startswith(":owner:"):
            source.owner = line.removeprefix(":owner:").strip()
        elif line.startswith(":tags:"):
            source.tags = [tag.strip() for tag in line.removeprefix(":tags:").split(",") if tag.strip()]
        elif line:
            words.append(line)
    source.description = " ".join(words) or None
