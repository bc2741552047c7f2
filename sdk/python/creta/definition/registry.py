"""What the imported modules have defined so far. One registry per process, emptied when a project is collected."""

from collections.abc import Container
from contextlib import contextmanager

from creta.definition.letters import DefinitionError, Letter


class Registry:
    """Definitions in the order of their import, and the letters found while `collecting`."""

    def __init__(self):
        self.collecting = False
        self.clear()

    def clear(self) -> None:
        self.classes: dict[str, type] = {}
        self.resolvers: list = []
        self.sql_resolvers: list = []
        self.sources: list = []
        self.named_queries: list = []
        self.hooks: list = []
        self.letters: list[Letter] = []
        # A module that defines features or sources failed: nothing can be said about what uses them.
        self.incomplete = False

    def report(self, letter: Letter) -> None:
        """Remembers a definition error while a project is collected; raises it at once everywhere else."""
        if not self.collecting:
            raise DefinitionError([letter])
        if letter not in self.letters:
            self.letters.append(letter)

    def report_all(self, error: DefinitionError) -> None:
        for letter in error.letters:
            self.report(letter)

    def keep(self, files: Container[str]) -> None:
        """Forgets what other files defined: a module whose import fails is gone, and may be executed again."""
        self.classes = {name: cls for name, cls in self.classes.items() if cls.__creta__.place.file in files}
        for items in (self.resolvers, self.sql_resolvers, self.sources, self.named_queries):
            items[:] = [item for item in items if item.place.file in files]

    def class_named(self, name: str) -> type | None:
        """The feature class with this Python name, in any case."""
        for cls in self.classes.values():
            if cls.__name__.lower() == name.lower():
                return cls
        return None

    @contextmanager
    def collection(self):
        """A fresh registry that gathers letters instead of raising them."""
        self.clear()
        self.collecting = True
        try:
            yield self
        finally:
            self.collecting = False


registry = Registry()
