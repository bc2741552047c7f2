"""Resolvers called as plain functions: rows given as lists become DataFrames, shaped as the annotations say."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow

from creta import clock
from creta.definition.classes import ClassInfo, FeatureMeta
from creta.definition.declarations import MISSING
from creta.definition.expressions import Bound, Expression
from creta.definition.letters import DefinitionError
from creta.definition.markers import DataFrameOf, Now
from creta.definition.places import Place
from creta.definition.references import OptionalReference, Reference, attribute_of_row, split_items
from creta.definition.value_types import NotAType, arrow_type, split_optional, value_type
from creta.evaluation import evaluate as evaluate_expression
from creta.frames import DataFrame
from creta.project.annotations import evaluate
from creta.tables import NOW_COLUMN, as_array, filled


def shaped(function: Callable, arguments: tuple, named: dict[str, Any], place: Place) -> tuple[tuple, dict[str, Any]]:
    """The arguments as the resolver would receive them. `Now` is filled in where it is not given."""
    signature = inspect.signature(function)
    try:
        bound = signature.bind_partial(*arguments, **named)
    except TypeError:
        # The call itself says better what is wrong.
        return arguments, named
    for name, parameter in signature.parameters.items():
        given = bound.arguments.get(name, MISSING)
        if given is MISSING and parameter.default is parameter.empty:
            if _annotation(function, parameter, place) is Now:
                bound.arguments[name] = clock.now()
        elif isinstance(given, (list, tuple)):
            bound.arguments[name] = _frame(_annotation(function, parameter, place), given)
    return bound.args, bound.kwargs


def _annotation(function: Callable, parameter: inspect.Parameter, place: Place) -> Any:
    """The annotation without its `| None`; None when it cannot be understood."""
    annotation = parameter.annotation
    for _depth in range(3):
        try:
            annotation = evaluate(annotation, function.__globals__, place)
        except DefinitionError:
            return None
        if isinstance(annotation, OptionalReference):
            annotation = annotation.reference
        annotation = split_optional(annotation)[0]
    return annotation


def _frame(annotation: Any, rows: Sequence[Any]) -> Any:
    """The rows as the annotation asks for them; what is annotated with neither rows nor a DataFrame stays a list."""
    if isinstance(annotation, DataFrameOf):
        items = annotation.items
        first = next((item for item in items if isinstance(item, (Reference, FeatureMeta))), None)
        info = first._creta_owner.__creta__ if isinstance(first, Reference) else getattr(first, "__creta__", None)
    elif isinstance(annotation, Reference):
        items = annotation._creta_items
        info = annotation._creta_owner.__creta__
        for attribute in annotation._creta_path:
            info = info.target_of(attribute) if info is not None else None
    else:
        return rows
    return rows if info is None else _rows(info, items, rows)


def _rows(info: ClassInfo, items: tuple, rows: Sequence[Any]) -> DataFrame:
    columns, filters, limit = split_items(items)
    projected = _projected(info, columns)
    table = rows_table(info, [*projected, *_scalars(info)], rows)
    for item in filters:
        for node in item.conditions(info.feature_time()) if isinstance(item, Bound) else (item,):
            table = table.filter(evaluate_expression(node if isinstance(node, Expression) else Expression(node), table))
    table = table.slice(0, limit)
    names = [_column(info, path) for path in projected]
    if any(column is Now for column in columns):
        table = table.append_column(
            NOW_COLUMN, pyarrow.array([clock.now()] * table.num_rows, pyarrow.timestamp("us", "UTC"))
        )
        names.append(NOW_COLUMN)
    return DataFrame(table.select(names) if names else table)


def _projected(info: ClassInfo, columns: list[Any]) -> list[tuple[str, ...]]:
    """The paths of the projected features; a class stands for its scalars."""
    paths: list[tuple[str, ...]] = []
    for column in columns:
        if isinstance(column, FeatureMeta):
            paths += _scalars(info)
        elif (attribute := attribute_of_row(column)) is not None:
            paths.append((attribute,))
        elif isinstance(column, Reference):
            paths.append(column._creta_path)
    return list(dict.fromkeys(paths))


def _scalars(info: ClassInfo) -> list[tuple[str, ...]]:
    return [(attribute,) for attribute in info.fields if info.target_of(attribute) is None]


def _column(info: ClassInfo, path: tuple[str, ...]) -> str:
    names, current = [info.namespace], info
    for attribute in path:
        names.append(current.stored_name(attribute) if current is not None else attribute)
        current = current.target_of(attribute) if current is not None else None
    return ".".join(names)


def rows_table(info: ClassInfo, paths: list[tuple[str, ...]], rows: Sequence[Any]) -> pyarrow.Table:
    """Columns of instances by path, with the types that the class declares."""
    columns = {}
    for path in dict.fromkeys(paths):
        values, owner = list(rows), info
        for attribute in path:
            values = [None if value is None else _value(owner, value, attribute) for value in values]
            last = owner
            owner = owner.target_of(attribute)
        columns[_column(info, path)] = _typed(last, path[-1], values)
    return pyarrow.table(columns)


def _value(info: ClassInfo, instance: Any, attribute: str) -> Any:
    if getattr(type(instance), "__creta__", None) is not info:
        raise TypeError(f"expected a list of {info.name}, but it holds a {type(instance).__name__}")
    return filled(info, attribute, instance.__dict__.get(attribute, MISSING), "default_or_allow")


def _typed(info: ClassInfo, attribute: str, values: list[Any]) -> Any:
    """An Arrow column in the declared type, or in that of the values where it is not known."""
    try:
        found = value_type(info.python_type(attribute))
        return pyarrow.array([None if value is None else found.encode(value) for value in values],
                             arrow_type(found.data_type))  # fmt: skip
    except (NotAType, TypeError, pyarrow.ArrowInvalid):
        return as_array(values)
