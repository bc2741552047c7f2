"""Rows of a table as instances of their feature class."""

from typing import Any

import pyarrow

from creta.definition.registry import registry


def instances(table: pyarrow.Table) -> list[Any]:
    """One instance per row; `vessel.berth.name` becomes the `name` of an instance of the class behind `berth`."""
    namespaces = {name.split(".", 1)[0] for name in table.column_names}
    cls = registry.classes.get(namespaces.pop()) if len(namespaces) == 1 else None
    if cls is None:
        raise ValueError("to_features() needs the columns of one feature class")
    paths = [name.split(".")[1:] for name in table.column_names]
    columns = [column.to_pylist() for column in table.columns]
    rows = zip(*columns, strict=True) if columns else ()
    return [_instance(cls, list(zip(paths, values, strict=True))) for values in rows]


def _instance(cls: type, cells: list[tuple[list[str], Any]]) -> Any:
    info = cls.__creta__
    attributes = {field.name: attribute for attribute, field in info.fields.items()}
    values: dict[str, Any] = {}
    nested: dict[str, list] = {}
    for (name, *rest), value in cells:
        attribute = attributes.get(name, name)
        if rest:
            nested.setdefault(attribute, []).append((rest, value))
        elif attribute in info.fields or "@" in attribute:
            values[attribute] = value
    for attribute, inner in nested.items():
        target = info.target_of(attribute)
        if target is None:
            raise ValueError(f"{info.name}.{attribute} is no relationship")
        values[attribute] = _instance(registry.classes[target.namespace], inner)
    return cls(**values)
