"""Lists. Positions count from 0, negative ones from the end. For equality all NaN are one value, and both zeros."""

import json
from typing import Any

from creta.definition.expressions import call
from creta.definition.letters import fault
from creta.definition.places import caller_place
from creta.definition.value_types import NotAType, value_type
from creta.functions.constants import one_of
from creta.functions.declaring import declared_in, function, written
from creta.functions.kinds import Bool, Float, Function, Int, Item, List, Name, Number, Numbers, Same, Str, Value
from creta.functions.lambdas import lambda_of

SKIPPED = "Null in, null out; nulls inside are skipped."
NEVER_FOUND = "Null in, null out; a null inside is never found."
ONE_VALUE = "Null in, null out; nulls inside are one value."


@function(nulls="Never null; its items may be.")
def array(*items: Same) -> List:
    """A list of these values; ints and floats together are floats."""


@function()
def cardinality(a: List) -> Int:
    """The number of items, nulls included."""


@function(nulls=NEVER_FOUND)
def contains(a: List, x: Item) -> Bool:
    """Whether x is among the items."""


@function(nulls=NEVER_FOUND)
def is_in(x: Item, a: List) -> Bool:
    """Whether x is among the items: `F.is_in(_.country, ["DE", "NL"])`."""


@function()
def element_at(a: List, index: Int) -> Item:
    """The item at a position; null where there is none."""


@function()
def slice(a: List, offset: Int, length: Int) -> List:
    """`length` items from a position on; Python's `a[offset:][:length]`.

    * An offset before the beginning means the beginning. A negative length gives an empty list.
    """


@function()
def concat(a: List, b: List) -> List:
    """One list after the other."""


@function(nulls="Null in, null out; nulls inside come last in both directions.")
def array_sort(a: List, descending: Bool = False) -> List:
    """The items in order. NaN is above infinity; text compares by code points."""


@function(nulls=ONE_VALUE)
def array_distinct(a: List) -> List:
    """Each value once, where it first stands."""


@function(nulls=ONE_VALUE)
def array_duplicates(a: List) -> List:
    """Each value that occurs more than once, in the order of first occurrence."""


@function(nulls=ONE_VALUE)
def array_has_duplicates(a: List) -> Bool:
    """Whether a value occurs more than once."""


@function(nulls=SKIPPED)
def array_max(a: List) -> Item:
    """The largest item; null without one. NaN wins over numbers."""


@function(nulls=SKIPPED)
def array_min(a: List) -> Item:
    """The smallest item; null without one. NaN wins over numbers."""


@function(nulls=SKIPPED)
def array_sum(a: Numbers) -> Number:
    """The sum; 0 without items. More than 64 bits are an error."""


@function(nulls=SKIPPED)
def array_average(a: Numbers) -> Float:
    """The mean; null without items."""


@function(nulls=SKIPPED)
def array_median(a: Numbers) -> Float:
    """The middle item in order, of an even number the mean of the middle two; null without items. NaN sorts last."""


@function(nulls=SKIPPED)
def array_stddev(a: Numbers) -> Float:
    """The standard deviation of the population: 0 for one item, null without items, NaN where one is not finite."""


@function(nulls=SKIPPED)
def array_sample_stddev(a: Numbers) -> Float:
    """The standard deviation of a sample (N - 1): null for fewer than two items, NaN where one is not finite."""


@function(nulls=SKIPPED, prepare={"tiebreak": one_of("FIRST", "MIN", "MAX")})
def array_mode(a: List, tiebreak: Str = "FIRST") -> Item:
    """The most frequent item; of equally frequent ones the first, the smallest or the largest. Null without items.

    * `tiebreak` is `"FIRST"`, `"MIN"` or `"MAX"`.
    """


@function(nulls="Null in, null out; a null inside stays null and adds nothing.")
def array_cum_sum(a: Numbers) -> Numbers:
    """The sums of the items up to each of them. More than 64 bits are an error."""


@function(nulls="Null in, null out; a difference with a null is null.")
def array_adjacent_difference(a: Numbers) -> Numbers:
    """Each item less the one before it: one fewer than there are items. More than 64 bits are an error."""


@function(nulls=NEVER_FOUND)
def array_count_value(a: List, x: Item) -> Int:
    """How often x is among the items."""


@function(nulls=SKIPPED)
def array_join(a: List, delimiter: Str) -> Str:
    """The items, texts or ints, as one text with a delimiter between them."""


@function(nulls=NEVER_FOUND)
def array_position(a: List, x: Item) -> Int:
    """The place of the first x, counted **from 1**; 0 without one."""


@function(nulls="Null in, null out; nulls inside stay.")
def array_remove(a: List, x: Item) -> List:
    """The items without every x."""


@function(nulls=ONE_VALUE)
def array_intersect(a: List, b: List) -> List:
    """The distinct items of a that are in b, in the order of a."""


@function(nulls=ONE_VALUE)
def array_except(a: List, b: List) -> List:
    """The distinct items of a that are not in b, in the order of a."""


@function(nulls=NEVER_FOUND)
def arrays_overlap(a: List, b: List) -> Bool:
    """Whether the two lists share an item."""


@function(nulls="Null in, null out; null lists inside are skipped.")
def flatten(a: List) -> List:
    """A list of lists as one list; one level only."""


@function()
def remove_nulls(a: List) -> List:
    """The items that are not null."""


@function()
def sequence(a: Int, b: Int, step: Int = 1) -> List:
    """The ints from a to b, both included, by steps; empty when the step leads away from b.

    * A step of 0 and more than 1,000,000 items are an error.
    """


@function()
def shuffle(a: List) -> List:
    """The items in random order. The seed comes from the query."""


def _type_text(argument: str, annotation: Any) -> str:
    try:
        data_type = value_type(annotation).data_type
    except NotAType as error:
        raise fault("annotation", f"{argument}: {error}", caller_place()) from None
    return data_type if isinstance(data_type, str) else json.dumps(data_type, sort_keys=True)


@written(nulls="A null list gives null; null items are given to the function, and a null answer drops the item.")
def array_filter(a: List, fn: Function) -> List:
    """The items for which a function is true: `F.array_filter(_.teus, lambda x: x > 2)`.

    * The function is called once, when the project is read: it makes an expression of its item.
    """
    return call("array_filter", a, lambda_of("array_filter: fn", fn, 1))


@written(nulls="A null list gives null; null items are given to the function.")
def array_transform(a: List, fn: Function) -> List:
    """What a function makes of each item: `F.array_transform(_.teus, lambda x: x * 2)`.

    * The function is called once, when the project is read: it makes an expression of its item.
    """
    return call("array_transform", a, lambda_of("array_transform: fn", fn, 1))


@written(nulls="A null list gives null; null items are given to the function.")
def array_reduce(
    a: List, init: Value, item_type: Name, reduce: Function, accumulator_type: Name = None, output_func: Function = None
) -> Value:
    """Folds a list: starts with `init` and makes, for each item, `reduce(accumulator, item)` the accumulator.

    * `output_func(accumulator)` makes the result of the last one; without it, the accumulator is the result.
    * `item_type` and `accumulator_type` are types as in a feature class; the latter is `item_type` when left out.
    * An empty list gives `init`.
    """
    lambdas = [lambda_of("array_reduce: reduce", reduce, 2)]
    if output_func is not None:
        lambdas.append(lambda_of("array_reduce: output_func", output_func, 1))
    item = _type_text("array_reduce: item_type", item_type)
    held = item if accumulator_type is None else _type_text("array_reduce: accumulator_type", accumulator_type)
    return call("array_reduce", a, init, *lambdas, item_type=item, accumulator_type=held)


@written(nulls="A null list gives null; null items are given to the function.")
def zip_with(*a: List, fn: Function, item_types: Name = None) -> List:
    """What a function makes of the first items of several lists, of the second items, and so on.

    * Lists of different length are an error. `item_types` is a list of types, one per list, and may be left out.
    """
    types = (
        {} if item_types is None else {"item_types": [_type_text("zip_with: item_types", one) for one in item_types]}
    )
    return call("zip_with", *a, lambda_of("zip_with: fn", fn, len(a)), **types)


__all__ = declared_in(__name__)
