"""How a function of the catalogue is declared: its signature and docstring are written once, as a `def` without a body.

The decorator `function` turns such a declaration into a builder of calls, completes the docstring that `help` and
editors show, and enters the function in the catalogue from which `docs/reference/functions.md` is made.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from creta.definition.expressions import Expression, call
from creta.functions.examples import EXAMPLES

NULL_IN_NULL_OUT = "Null in, null out."
# Turns a constant argument into the one that travels; raises a fault for what cannot be meant.
Prepare = Callable[[str, Any], Any]
# To editors a declared function is what its declaration says.
Declared = TypeVar("Declared", bound=Callable[..., Any])


@dataclass(frozen=True)
class Entry:
    """What the catalogue says about one function."""

    name: str
    family: str
    signature: inspect.Signature
    meaning: str
    notes: list[str] = field(default_factory=list)
    nulls: str = NULL_IN_NULL_OUT
    example: str | None = None

    def docstring(self) -> str:
        """The text that `help` shows below the signature."""
        notes = [f"* {note}" for note in (*self.notes, self.nulls)]
        example = [f"Example: {self.example}"] if self.example else []
        return "\n\n".join([self.meaning, "\n".join(notes), *example])


FUNCTIONS: dict[str, Callable[..., Expression]] = {}
ENTRIES: dict[str, Entry] = {}


def function(
    *, nulls: str = NULL_IN_NULL_OUT, options: tuple[str, ...] = (), prepare: Mapping[str, Prepare] | None = None
) -> Callable[[Declared], Declared]:
    """Declares a function whose call is built from its arguments in order.

    Arguments left out at the end are left out of the call. Those named in `options` are constants beside the arguments.
    """

    def declare(declaration: Declared) -> Declared:
        signature = inspect.signature(declaration)

        def build(*arguments: Any, **named: Any) -> Expression:
            try:
                bound = signature.bind(*arguments, **named)
            except TypeError as error:
                raise TypeError(f"{declaration.__name__}{signature}: {error}") from None
            for name, convert in (prepare or {}).items():
                if name in bound.arguments:
                    bound.arguments[name] = convert(f"{declaration.__name__}: {name}", bound.arguments[name])
            beside = {name: bound.arguments.pop(name) for name in options if name in bound.arguments}
            return call(declaration.__name__, *_ordered(bound, options), **beside)

        functools.update_wrapper(build, declaration)
        return _enter(build, nulls)

    return declare


def written(*, nulls: str = NULL_IN_NULL_OUT) -> Callable[[Declared], Declared]:
    """Enters a function that builds its call itself."""
    return lambda declaration: _enter(declaration, nulls)


def _enter(build: Declared, nulls: str) -> Declared:
    """Puts a builder in the catalogue and completes its docstring."""
    entry = _entry(build, nulls)
    build.__doc__ = entry.docstring()
    FUNCTIONS[entry.name] = build
    ENTRIES[entry.name] = entry
    return build


def declared_in(module: str) -> list[str]:
    """The names of the functions of a family, for its `__all__`."""
    family = module.rpartition(".")[2]
    return [entry.name for entry in ENTRIES.values() if entry.family == family]


def _ordered(bound: inspect.BoundArguments, options: tuple[str, ...]) -> list[Any]:
    """The arguments in order; one that is left out before a given one holds its place with its default."""
    ordered: list[Any] = []
    given = set(bound.arguments)
    parameters = [part for part in bound.signature.parameters.values() if part.name not in options]
    for place, parameter in enumerate(parameters):
        if parameter.kind is parameter.VAR_POSITIONAL:
            ordered += bound.arguments.get(parameter.name, ())
        elif parameter.name in given:
            ordered.append(bound.arguments[parameter.name])
        elif any(later.name in given for later in parameters[place:]):
            ordered.append(parameter.default)
    return ordered


def _entry(declaration: Callable, nulls: str) -> Entry:
    paragraphs = inspect.getdoc(declaration).split("\n\n")
    lines = "\n".join(paragraphs[1:]).replace("\n  ", " ").splitlines()
    return Entry(
        name=declaration.__name__,
        family=declaration.__module__.rpartition(".")[2],
        signature=inspect.signature(declaration),
        meaning=paragraphs[0].replace("\n", " "),
        notes=[line.removeprefix("* ") for line in lines if line],
        nulls=nulls,
        example=EXAMPLES.get(declaration.__name__),
    )
