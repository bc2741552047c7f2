"""Letters: definition errors that say what is wrong, where in the user's file, and what to do about it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from creta.definition.places import Place


@dataclass(frozen=True)
class Letter:
    """One definition error. `code` is a name of the server's table of errors, such as `unknown_feature`."""

    code: str
    message: str
    place: Place | None = None
    fix: str | None = None

    def __str__(self) -> str:
        where = f"{self.place.file}:{self.place.line}: " if self.place else ""
        return f"{where}{self.message}" + (f" {self.fix}" if self.fix else "")


class DefinitionError(Exception):
    """Raised for a definition that cannot be understood; `letters` holds every error found."""

    def __init__(self, letters: Iterable[Letter]):
        self.letters = list(letters)
        super().__init__("\n".join(str(letter) for letter in self.letters))


class UnknownFeatureError(DefinitionError, AttributeError):
    """An attribute of a feature class that is not one of its features."""


class CretaWarning(UserWarning):
    """Something in a definition has no effect, or not the effect that its author may expect."""


def fault(code: str, message: str, place: Place | None = None, fix: str | None = None) -> DefinitionError:
    """An exception with one letter in it."""
    return DefinitionError([Letter(code, message, place, fix)])


def suggestion(name: str, known: Iterable[str]) -> str | None:
    """A sentence that names the closest known spelling, or None when nothing is close."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"Did you mean `{near[0]}`?" if near else None
