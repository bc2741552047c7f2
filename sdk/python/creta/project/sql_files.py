"""`.creta.sql` files: the comment header (framework §7) and what it says about the resolver."""

import os
import re
import warnings
from typing import Any

import yaml

from creta.definition.declarations import tag_list
from creta.definition.durations import microseconds
from creta.definition.incremental import read_incremental
from creta.definition.letters import CretaWarning, DefinitionError, Letter, fault, suggestion
from creta.definition.places import Place
from creta.definition.registry import Registry
from creta.definition.sources import SQLResolver
from creta.project.entities import metadata

ENDINGS = (".creta.sql", ".chalk.sql")
USED = frozenset(
    [
        "resolves",
        "source",
        "type",
        "count",
        "timeout",
        "owner",
        "tags",
        "environment",
        "fields",
        "unique_on",
        "handle_duplicate_outputs",
        "total",
        "incremental",
    ]
)
WITHOUT_EFFECT = frozenset(
    [
        "cron",
        "machine_type",
        "partitioned_by",
        "field_types",
        "namespace",
        "skip_sql_validation",
        "use_native_sql",
        "retry_policy",
        "max_row_version_lookback",
        "max_staleness",
    ]
)
KINDS = {"online": "online", "realtime": "online", "offline": "offline", "batch": "offline"}
BOOLEANS = {"true": "true", "false": ""}
DUPLICATES = {"dedup_any": "", "skip_validation": "", "error": "error"}
COUNTS = {"1": "one", "one": "one", "one_or_none": "one_or_none", "all": "all"}
QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def read_file(path: str) -> SQLResolver:
    """A SQL file as a resolver named by its stem. Raises DefinitionError for a malformed header."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    name = os.path.basename(path)
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    place = Place(path, 1)
    header, description = read_header(text, place)
    return SQLResolver(name, text, header, description, place)


def read_header(text: str, place: Place) -> tuple[dict[str, Any], str | None]:
    """The header's keys and its documentation.

    The header is the run of `--` lines at the top. A line with exactly one colon outside of quotes, one that begins
    with a known key, or a `- item` line after one, is YAML; every other line documents the resolver.
    """
    settings: list[str] = []
    words: list[str] = []
    in_list = False
    for line in text.lstrip("\ufeff").splitlines():
        if not line.startswith("--"):
            break
        content = line[2:]
        stripped = content.strip()
        is_key = QUOTED.sub("", stripped).count(":") == 1 or _begins_with_key(stripped)
        if is_key or (in_list and stripped.startswith("- ")):
            settings.append(content.removeprefix(" ").rstrip())
            in_list = True
        else:
            in_list = False
            if stripped:
                words.append(stripped)
    return _parse(settings, place), " ".join(words) or None


def _begins_with_key(line: str) -> bool:
    """`fields: {a: b}` has two colons and is meant as a key all the same."""
    key, colon, _rest = line.partition(":")
    return bool(colon) and key in USED | WITHOUT_EFFECT


def _parse(settings: list[str], place: Place) -> dict[str, Any]:
    try:
        header = yaml.safe_load("\n".join(settings)) if settings else {}
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "it is not YAML"
        fix = "Quote values that contain a colon or begin with a special character."
        raise fault(
            "invalid_definition", f"The header of this SQL file cannot be read: {problem}.", place, fix
        ) from None
    if not isinstance(header, dict):
        raise fault("invalid_definition", "The header of this SQL file is not a list of `key: value`.", place)
    return header


class HeaderReader:
    """Turns one SQL resolver into its JSON; faults go to the registry."""

    def __init__(self, resolver: SQLResolver, registry: Registry):
        self.resolver = resolver
        self.header = resolver.header
        self.registry = registry
        self.place = resolver.place

    def read(self, relative) -> dict[str, Any] | None:
        self._check_keys()
        resolves, source = self._resolves(), self._source()
        kind = self._choice("type", KINDS, "online")
        count = self._choice("count", COUNTS, "all")
        if None in (resolves, source, kind, count):
            return None
        sql: dict[str, Any] = {"source": source, "resolves": resolves, "text": self.resolver.text, "count": count}
        fields = self.header.get("fields")
        if isinstance(fields, dict) and fields:
            sql["fields"] = {str(column): str(feature) for column, feature in fields.items()}
        elif fields is not None and not isinstance(fields, dict):
            self._report("invalid_definition", "`fields` maps columns to features.")
        if self.header.get("incremental") is not None:
            try:
                sql["incremental"] = read_incremental(self.header["incremental"])
            except ValueError as error:
                self._report("invalid_definition", f"incremental: {error}")
        body: dict[str, Any] = {
            "name": self.resolver.name,
            "kind": kind,
            "body": {"sql": sql},
            "place": relative(self.place),
        }
        return body | self._optional()

    def _report(self, code: str, message: str, fix: str | None = None) -> None:
        self.registry.report(Letter(code, f"SQL resolver `{self.resolver.name}`: {message}", self.place, fix))

    def _check_keys(self) -> None:
        for key in self.header:
            if key in WITHOUT_EFFECT:
                message = f"`{key}` in the header of a SQL resolver has no effect yet"
                warnings.warn_explicit(message, CretaWarning, self.place.file, self.place.line)
            elif key not in USED:
                advice = "A line of documentation must not hold exactly one colon."
                fix = suggestion(str(key), USED | WITHOUT_EFFECT) or advice
                self._report("invalid_definition", f"the header has the unknown key `{key}`.", fix)

    def _resolves(self) -> str | None:
        name = self.header.get("resolves")
        if not name:
            self._report("invalid_definition", "the header lacks `resolves`.", "Add `-- resolves: ClassName`.")
            return None
        found = self.registry.class_named(str(name)) or self.registry.classes.get(str(name))
        if found is None:
            known = [cls.__name__ for cls in self.registry.classes.values()]
            self._report("unknown_feature", f"there is no feature class `{name}`.", suggestion(str(name), known))
            return None
        return found.__name__

    def _source(self) -> str | None:
        name = self.header.get("source")
        if not name:
            self._report("invalid_definition", "the header lacks `source`.", "Add `-- source: name`.")
            return None
        sources = self.registry.sources
        if any(source.name == name for source in sources):
            return str(name)
        of_kind = [source for source in sources if source.kind == str(name).lower()]
        if len(of_kind) == 1:
            return of_kind[0].name
        if of_kind:
            names = ", ".join(f"`{source.name}`" for source in of_kind)
            self._report("unknown_source", f"there are several {name} sources.", f"Name one of: {names}.")
            return None
        fix = suggestion(str(name), [source.name for source in sources])
        self._report("unknown_source", f"no source is called `{name}`.", fix or "Declare it with creta.sql.")
        return None

    def _choice(self, key: str, choices: dict[str, str], default: str) -> str | None:
        given = str(self.header.get(key, default)).lower()
        if given not in choices:
            known = ", ".join(dict.fromkeys(choices))
            self._report("invalid_definition", f"`{key}` cannot be `{given}`.", f"It is one of: {known}.")
            return None
        return choices[given]

    def _optional(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        environments = tag_list(self.header.get("environment"))
        if environments:
            found["environments"] = environments
        unique = [str(name).rpartition(".")[2] for name in tag_list(self.header.get("unique_on"))]
        if unique:
            found["unique_on"] = unique
        if self._choice("total", BOOLEANS, "false"):
            found["total"] = True
        if self._choice("handle_duplicate_outputs", DUPLICATES, "dedup_any"):
            found["handle_duplicate_outputs"] = "error"
        timeout = self.header.get("timeout")
        if timeout is not None:
            try:
                found["timeout"] = microseconds(timeout)
            except ValueError as error:
                self._report("invalid_definition", f"timeout: {error}")
        tags = [str(tag) for tag in tag_list(self.header.get("tags"))]
        words = metadata(self.resolver.description, self.header.get("owner"), tags)
        if words:
            found["metadata"] = words
        return found


def find_sql_files(paths: list[str], registry: Registry) -> None:
    """Reads the SQL files of a project into the registry."""
    for path in paths:
        try:
            registry.sql_resolvers.append(read_file(path))
        except DefinitionError as error:
            registry.report_all(error)
        except UnicodeDecodeError:
            registry.report(Letter("sql", "This SQL file is not UTF-8 text.", Place(path, 1)))
