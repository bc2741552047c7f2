"""Nulls, choices, conversions, maps and structs."""

import json
from typing import Any

from creta.definition.expressions import Expression, call, node_of
from creta.definition.letters import fault
from creta.definition.places import caller_place
from creta.definition.value_types import NotAType, value_type
from creta.functions.constants import constant_map, one_of
from creta.functions.declaring import declared_in, function, written
from creta.functions.kinds import Bool, Choice, Int, List, Map, Name, Same, Str, Struct, Value

INCLUSIVE = {"inclusive": one_of("both", "left", "right", "neither")}


@function(nulls="Null when every value is.")
def coalesce(*values: Same) -> Same:
    """The first value that is not null. Later ones are computed only for rows that need them.

    * Ints and floats together give a float. NaN is a value.
    """


@function(nulls="Null when every value is.")
def recover(*values: Same) -> Same:
    """Like `coalesce`, and goes on to the next value also when one could not be computed."""


@function(nulls="Never null.")
def is_null(x: Value) -> Bool:
    """Whether there is no value. NaN, empty strings and empty lists are values."""


@function(nulls="Never null.")
def is_not_null(x: Value) -> Bool:
    """Whether there is a value. NaN, empty strings and empty lists are values."""


@function(nulls="A null condition is not true.")
def if_then_else(condition: Bool, a: Same, b: Same) -> Same:
    """`a` where the condition is true, else `b`; only the chosen one is computed."""


@function(options=("inclusive",), prepare=INCLUSIVE, nulls="Null where the answer depends on a null, as in SQL.")
def between(x: Value, low: Value, high: Value, inclusive: Str = "both") -> Bool:
    """Whether x is from `low` to `high`; `inclusive` says which of the two edges count.

    * `inclusive` is a constant: `"both"`, `"left"`, `"right"` or `"neither"`.
    * False when x is NaN, and when `low` is above `high`.
    """


@function(nulls="Never null: two nulls are the same, a null differs from every value.")
def distinct_from(a: Value, b: Value) -> Bool:
    """Whether two values differ; a null is taken as a value. NaN differs from itself, as in Python."""


@function()
def map_get(m: Map, key: Value) -> Value:
    """The value of a key in a map; null without it."""


@function()
def map_from_arrays(keys: List, values: List) -> Map:
    """A map of two lists of equal length.

    * Of equal keys the last value counts. Lists of different length and null keys are an error.
    """


@function()
def map_keys(m: Map) -> List:
    """The keys of a map, in their order."""


@function()
def map_values(m: Map) -> List:
    """The values of a map, in the order of its keys, nulls included."""


@function(nulls="Null in, null out; the default is for values that are not among the options.")
def ordinal_encode(x: Value, options: List, default: Int = None) -> Int:
    """The position of x in a constant list, counted from 0, of equal ones the first; else the default.

    * Without a default it is null.
    """


@written(nulls="Null in, null out; what cannot be converted is null too.")
def cast(x: Value, type: Name) -> Value:
    """Converts to another type, which is written as in a feature class: `F.cast(_.code, int)`.

    * Floats become ints by dropping decimals; NaN and what exceeds 64 bits are null.
    * Texts become numbers only when nothing else is in them. Booleans become `true` and `false`, 1 and 0.
    * A datetime becomes the date in UTC, a date its midnight in UTC.
    """
    try:
        data_type = value_type(type).data_type
    except NotAType as error:
        raise fault("annotation", f"cast: {error}", caller_place()) from None
    return call("cast", x, type=data_type if isinstance(data_type, str) else json.dumps(data_type, sort_keys=True))


@written(nulls="A null key gives null; the default is for keys that are not in the dict.")
def map_dict(mapping: Map, key: Value, *, default: Value = None) -> Value:
    """Looks a key up in a constant dict; the default, null without one, when it is not there."""
    literal = constant_map("map_dict: mapping", mapping)
    return call("map_dict", literal, key) if default is None else call("map_dict", literal, key, default)


@written(nulls="Never null; its fields may be.")
def struct_pack(fields: Struct) -> Struct:
    """A struct of named expressions: `F.struct_pack({"name": _.name, "teu": _.teu})`."""
    return call("struct_pack", *fields.values(), names=list(fields))


class When:
    """`when(c).then(x).when(c2).then(y).otherwise(z)`; only the chosen branch of a row is computed."""

    def __init__(self, branches: tuple, condition: Any):
        self._branches = branches
        self._condition = condition

    def then(self, value: Any) -> "Then":
        """What holds when the condition before it is true."""
        return Then((*self._branches, self._condition, value))


class Then(Expression):
    """A `when` that may go on. Used as it stands, rows that no condition takes are null."""

    __slots__ = ("_creta_branches",)

    def __init__(self, branches: tuple):
        object.__setattr__(self, "_creta_branches", branches)
        arguments = [node_of(branch) for branch in (*branches, None)]
        super().__init__({"call": {"function": "when", "arguments": arguments}})

    def when(self, condition: Any) -> When:
        """Another condition, tried when those before are not true."""
        return When(self._creta_branches, condition)

    def otherwise(self, value: Any) -> Expression:
        """What holds when no condition is true."""
        return call("when", *self._creta_branches, value)


@written(nulls="A null condition is not true; without `otherwise`, rows that no condition takes are null.")
def when(condition: Bool) -> Choice:
    """Begins a choice: `F.when(_.teu > 100).then("large").when(_.teu > 10).then("middle").otherwise("small")`.

    * The first true condition decides; only the chosen value of a row is computed.
    """
    return When((), condition)


__all__ = declared_in(__name__)
