"""Joins of two tables by equal keys, in the order of the left table's rows, then of the right one's."""

from typing import Any

import pyarrow
import pyarrow.compute as compute

KINDS = {"left": "left outer", "inner": "inner", "outer": "full outer", "semi": "left semi", "anti": "left anti"}


def joined(left: pyarrow.Table, right: pyarrow.Table, pairs: dict[str, str], how: str) -> pyarrow.Table:
    """`pairs` maps columns of the left table to those of the right one; a null key equals nothing."""
    if how not in KINDS:
        raise ValueError(f"a join is one of {', '.join(KINDS)}, not {how!r}")
    if not pairs:
        raise ValueError("a join needs a key")
    only_left = how in ("semi", "anti")
    others = [] if only_left else [name for name in right.column_names if name not in pairs.values()]
    if clash := set(left.column_names) & set(others):
        raise ValueError(f"both tables have the column {', '.join(sorted(clash))}; rename one")
    found = _matches(left, right, pairs, how)
    columns: dict[str, Any] = {name: left.column(name).take(found.column("left")) for name in left.column_names}
    if how == "outer":
        for ours, theirs in pairs.items():
            columns[ours] = compute.coalesce(columns[ours], right.column(theirs).take(found.column("right")))
    columns |= {name: right.column(name).take(found.column("right")) for name in others}
    return pyarrow.table(columns)


def _matches(left: pyarrow.Table, right: pyarrow.Table, pairs: dict[str, str], how: str) -> pyarrow.Table:
    """Row numbers of both sides. Only keys go through Arrow's join, which takes no lists and structs as columns."""
    names = [f"k{place}" for place in range(len(pairs))]
    ours = _keys(left, list(pairs), names, "left")
    theirs = _keys(right, list(pairs.values()), names, "right")
    types = [(ours.schema.field(name).type, theirs.schema.field(name).type) for name in names]
    for name, (one, other) in zip(names, types, strict=True):
        if one != other:
            theirs = theirs.set_column(names.index(name), name, theirs.column(name).cast(one))
    found = ours.join(theirs, names, join_type=KINDS[how], use_threads=False)
    order = [(side, "ascending") for side in ("left", "right") if side in found.column_names]
    return found.sort_by(order)


def _keys(table: pyarrow.Table, columns: list[str], names: list[str], side: str) -> pyarrow.Table:
    arrays = [table.column(column) for column in columns]
    return pyarrow.table([*arrays, pyarrow.array(range(table.num_rows), pyarrow.int64())], [*names, side])
