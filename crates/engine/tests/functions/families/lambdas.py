"""Functions of the user's over lists: the same Python lambda, once on values, once as the expression of the SDK."""

from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

from cases import Argument, Constant, case, floats, ints, lists, whole
from creta.definition.expressions import node_of
from creta.functions.lambdas import lambda_of

NUMBERS = lists("int", [3, 1, 2], [], None, [None, 5], [2**63 - 1], [7, -7, 0])
WORDS = lists("str", ["b", "a"], [], None, [None, "c"], [""], ["ß", "a"])


class Lambda:
    """A lambda and how it is written; as an argument it is both."""

    def __init__(self, written: str, parameters: int):
        self.written = written
        self.function: Callable = eval(written)
        self.parameters = parameters

    def argument(self) -> dict[str, Any]:
        expression = node_of(lambda_of("a lambda", self.function, self.parameters))
        return {"type": "lambda", "written": self.written, "expression": expression}

    def __call__(self, *items: Any) -> Any:
        """Null where an operand is, as operators of expressions do."""
        return None if any(item is None for item in items) else self.function(*items)


def lambda_case(name: str, compute: Callable, given: list[Argument | Lambda], result: Any, options: dict) -> dict:
    """A case whose reference is called with the values and the lambdas."""
    lambdas = [part for part in given if isinstance(part, Lambda)]
    columns = [part for part in given if not isinstance(part, Lambda)]
    built = case(
        name,
        "CPython " + REFERENCES[name],
        lambda *values: compute(*values, *lambdas),
        columns,
        result,
        options=options,
    )
    written = iter(built["arguments"])
    built["arguments"] = [part.argument() if isinstance(part, Lambda) else next(written) for part in given]
    return built


REFERENCES = {
    "array_filter": "[x for x in a if fn(x)]",
    "array_transform": "[fn(x) for x in a]",
    "array_reduce": "functools.reduce",
    "zip_with": "[fn(*items) for items in zip(*lists, strict=True)]",
}


def cases() -> Iterator[dict]:
    yield from filters()
    yield from transforms()
    yield from folds()
    yield from zips()


def filters() -> Iterator[dict]:
    kept = lambda a, fn: [x for x in a if fn(x)]  # noqa: E731
    for written, column in (
        ("lambda x: x > 1", NUMBERS),
        ("lambda x: x % 2 == 1", NUMBERS),
        ("lambda x: (x < 3) & (x > 0)", NUMBERS),
        ("lambda x: x != 'a'", WORDS),
    ):
        yield lambda_case("array_filter", kept, [column, Lambda(written, 1)], column.type, {})


def transforms() -> Iterator[dict]:
    made = lambda a, fn: [fn(x) for x in a]  # noqa: E731
    for written, column, item in (
        ("lambda x: x - 1", NUMBERS, "int"),
        ("lambda x: x * 2", NUMBERS, "int"),
        ("lambda x: x / 2", NUMBERS, "float"),
        ("lambda x: 12 // x", NUMBERS, "int"),
        ("lambda x: x + '!'", WORDS, "str"),
        ("lambda x: x == 'a'", WORDS, "bool"),
    ):
        yield lambda_case("array_transform", made, [column, Lambda(written, 1)], {"list": item}, {})


def folds() -> Iterator[dict]:
    types = {"item_type": "int", "accumulator_type": "int"}
    fold = lambda a, init, fn: reduce(fn, a, init)  # noqa: E731
    finished = lambda a, init, fn, last: last(reduce(fn, a, init))  # noqa: E731
    add = Lambda("lambda total, x: total + x", 2)
    yield lambda_case("array_reduce", fold, [NUMBERS, whole(0), add], "int", types)
    yield lambda_case("array_reduce", fold, [NUMBERS, ints(0, 1, 2, 3, 4, None), add], "int", types)
    yield lambda_case(
        "array_reduce", finished, [NUMBERS, whole(0), add, Lambda("lambda total: total * 10", 1)], "int", types
    )
    joined = Lambda("lambda text, x: text + x", 2)
    texts = {"item_type": "str", "accumulator_type": "str"}
    yield lambda_case("array_reduce", fold, [WORDS, Constant("str", ">"), joined], "str", texts)
    mixed = {"item_type": "int", "accumulator_type": "float"}
    halved = Lambda("lambda total, x: total / 2 + x", 2)
    yield lambda_case("array_reduce", fold, [NUMBERS, floats(0.0, 1.5, 1.0, 1.0, 0.0, 8.0), halved], "float", mixed)


def zips() -> Iterator[dict]:
    combined = lambda *given: [given[-1](*items) for items in zip(*given[:-1], strict=True)]  # noqa: E731
    left = lists("int", [1, 2, 3], [], None, [1], [1, None], [1, 2])
    right = lists("int", [10, 20, 30], [], [1], None, [None, 2], [1])
    yield lambda_case("zip_with", combined, [left, right, Lambda("lambda a, b: a * b", 2)], {"list": "int"}, {})
    yield lambda_case("zip_with", combined, [left, right, Lambda("lambda a, b: a < b", 2)], {"list": "bool"}, {})
    yield lambda_case(
        "zip_with", combined, [left, right, left, Lambda("lambda a, b, c: a + b - c", 3)], {"list": "int"}, {}
    )
    words = lists("str", ["a", "b", "c"], [], ["x"], ["y"], ["p", "q"], ["r"])
    yield lambda_case("zip_with", combined, [words, words, Lambda("lambda a, b: a + b", 2)], {"list": "str"}, {})
