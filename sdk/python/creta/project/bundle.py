"""Collects a project and makes its bundle."""

import ast
import hashlib
import inspect
import json
import os
import textwrap
from collections.abc import Callable
from typing import Any

from creta.definition.classes import FeatureMeta
from creta.definition.expressions import Expression
from creta.definition.letters import DefinitionError, Letter, suggestion
from creta.definition.places import Place
from creta.definition.references import Reference
from creta.definition.registry import Registry, registry
from creta.definition.value_types import constant
from creta.project.entities import entity_json, expression_json, metadata
from creta.project.groups import stored_group
from creta.project.linked import Linked
from creta.project.linking import link
from creta.project.loading import load_project
from creta.project.settings import Settings, read_settings
from creta.project.signatures import LinkedParameter, Signature, SignatureReader
from creta.project.sql_files import HeaderReader
from creta.queries import NamedQuery

FORMAT = 1


class Project:
    """An imported and linked project."""

    def __init__(
        self, root: str, settings: Settings, linked: Linked, signatures: list[Signature], found: Registry
    ):
        self.root = root
        self.settings = settings
        self.name = settings.project_name() or os.path.basename(root) or "project"
        self.linked = linked
        self.signatures = signatures
        self.registry = found

    def relative(self, place: Place) -> dict[str, Any]:
        """A place as JSON, its file relative to the root."""
        return place_json(self.root, place)

    def bundle(self) -> dict[str, Any]:
        """The bundle without its archive. Faults found on the way go to the registry."""
        linked = sorted(self.linked.classes.values(), key=lambda owner: owner.info.namespace)
        resolvers = [self._python_json(signature) for signature in self.signatures]
        for sql in self.registry.sql_resolvers:
            body = HeaderReader(sql, self.registry).read(self.relative)
            if body is not None:
                resolvers.append(body)
        queries = [self._query_json(query) for query in self.registry.named_queries]
        sources = [
            {"name": source.name, "kind": {source.kind: source.body}, "place": self.relative(source.place)}
            for source in self.registry.sources
        ]
        self._check_duplicates(resolvers, sources, queries)
        rules = self.settings.metadata_rules(self.registry)
        return {
            "format": FORMAT,
            "project": self.name,
            "entities": [entity_json(self.linked, owner, self.registry, self.relative) for owner in linked],
            "resolvers": sorted(resolvers, key=lambda resolver: resolver["name"]),
            "sources": sorted(sources, key=lambda source: source["name"]),
            "named_queries": sorted(queries, key=lambda query: (query["name"], query.get("version", ""))),
        } | ({"metadata_rules": rules} if rules else {})

    def _check_duplicates(self, resolvers: list, sources: list, queries: list) -> None:
        for kind, items in (("resolvers", resolvers), ("sources", sources), ("named queries", queries)):
            seen: dict[tuple, dict] = {}
            for item in items:
                key = (item["name"], item.get("version"))
                if key in seen:
                    first = seen[key]["place"]
                    message = (
                        f"Two {kind} are called `{item['name']}`; the first is at {first['file']}:{first['line']}."
                    )
                    self.registry.report(Letter("duplicate_definition", message, Place(**item["place"])))
                seen.setdefault(key, item)

    def _python_json(self, signature: Signature) -> dict[str, Any]:
        resolver = signature.resolver
        body: dict[str, Any] = {
            "module": resolver.function.__module__,
            "function": resolver.function.__name__,
            "entity": signature.owner.info.namespace,
            "outputs": [output.path[-1] for output in signature.outputs],
            "parameters": [
                body for parameter in signature.parameters for body in self._parameters_json(signature, parameter)
            ],
        }
        if (digest := code_digest(resolver.function)) is not None:
            body["code"] = digest
        if signature.frame:
            body["frame"] = True
            if resolver.max_batch_size is not None:
                body["max_batch_size"] = resolver.max_batch_size
            if resolver.one_to_one:
                body["one_to_one"] = True
        json_body: dict[str, Any] = {
            "name": resolver.name,
            "kind": resolver.kind,
            "body": {"python": body},
            "place": self.relative(resolver.place),
        }
        if resolver.environments:
            json_body["environments"] = resolver.environments
        if resolver.unique_on:
            by_fqn = {output.fqn: output.path[-1] for output in signature.outputs}
            json_body["unique_on"] = [by_fqn[str(item)] for item in resolver.unique_on]
        if resolver.total:
            json_body["total"] = True
        if resolver.refuses_duplicates:
            json_body["handle_duplicate_outputs"] = "error"
        if resolver.timeout is not None:
            json_body["timeout"] = resolver.timeout
        description = inspect.getdoc(resolver.function)
        words = metadata(description, resolver.owner, resolver.tags)
        return json_body | ({"metadata": words} if words else {})

    def _parameters_json(self, signature: Signature, parameter: LinkedParameter) -> list[dict[str, Any]]:
        """One input per parameter; a whole has-one row is one per column, called `berth.name`."""
        if parameter.kind != "has_one":
            return [self._parameter_json(signature, parameter)]
        inputs = []
        for column in parameter.columns:
            name = f"{parameter.name}.{column.path[-1]}"
            target = {"feature": {"entity": column.root.info.namespace, "path": column.dotted}}
            inputs.append({"name": name, "input": target} | ({"optional": True} if parameter.optional else {}))
        return inputs

    def _parameter_json(self, signature: Signature, parameter: LinkedParameter) -> dict[str, Any]:
        result: dict[str, Any] = {"name": parameter.name, "input": self._input_json(signature, parameter)}
        if parameter.optional:
            result["optional"] = True
        if parameter.default is not inspect.Parameter.empty:
            default = self._default_json(signature, parameter)
            if default is not None:
                result["default"] = default
        return result

    def _default_json(self, signature: Signature, parameter: LinkedParameter) -> Any:
        if parameter.default is None:
            return "null"
        value_type = parameter.target.feature.type if parameter.target is not None else None
        try:
            if value_type is None:
                raise TypeError("only a parameter that receives a single value can have a default")
            return constant(value_type.data_type, value_type.encode(parameter.default))
        except TypeError as error:
            message = f"The default of the parameter `{parameter.name}` does not fit: {error}."
            self.registry.report(Letter("type_mismatch", message, signature.resolver.place))
            return None

    def _input_json(self, signature: Signature, parameter: LinkedParameter) -> Any:
        if parameter.kind == "now":
            return "now"
        if parameter.kind == "frame":
            columns = [column.dotted for column in parameter.columns] + (["now"] if parameter.with_now else [])
            return {"frame": {"entity": parameter.columns[0].root.info.namespace, "columns": columns}}
        target = parameter.target
        body: dict[str, Any] = {"entity": target.root.info.namespace, "path": target.dotted}
        if parameter.kind == "feature":
            if parameter.group is not None:
                body["group"] = stored_group(target.feature, parameter.group)
            return {"feature": body}
        if parameter.kind == "last":
            return {"last": body}
        body["columns"] = [column.dotted for column in parameter.columns]
        child = self.linked.classes[target.feature.meaning.target]
        filters = [
            expression_json(
                self.linked,
                child,
                item if isinstance(item, Expression) else Expression(item),
                signature.resolver.place,
                self.registry,
            )
            for item in parameter.filters
        ]
        if filters:
            body["filters"] = filters
        if parameter.limit is not None:
            body["limit"] = parameter.limit
        return {"has_many": body}

    def _query_json(self, query: NamedQuery) -> dict[str, Any]:
        output = self._names(query, query.output)
        result: dict[str, Any] = {
            "name": query.name,
            "input": self._names(query, query.input) or self._keys_of(output),
            "output": output,
            "place": self.relative(query.place),
        }
        if query.version is not None:
            result["version"] = query.version
        if query.staleness:
            result["staleness"] = {
                name: duration for key, duration in query.staleness.items() for name in self._names(query, [key])
            }
        if not query.output and not query.input:
            message = f"The named query `{query.name}` has neither input nor output."
            self.registry.report(Letter("invalid_definition", message, query.place))
        words = metadata(query.description, query.owner, query.tags)
        return result | ({"metadata": words} if words else {})

    def _keys_of(self, output: list[str]) -> list[str]:
        """The primary keys of the outputs' root classes."""
        namespaces = dict.fromkeys(name.split(".", 1)[0] for name in output)
        keys = []
        for owner in self.linked.classes.values():
            if owner.info.namespace in namespaces and owner.primary_key is not None:
                keys.append(f"{owner.info.namespace}.{owner.features[owner.primary_key].name}")
        return sorted(keys)

    def _names(self, query: NamedQuery, items: list[Any]) -> list[str]:
        names: list[str] = []
        for item in items:
            reference = self._as_reference(item, query)
            if isinstance(reference, FeatureMeta):
                owner = self.linked.classes[reference]
                names += [f"{owner.info.namespace}.{feature.name}" for feature in owner.scalars()]
            elif reference is not None:
                names += self._targets(reference, query)
        return names

    def _targets(self, reference: Reference, query: NamedQuery) -> list[str]:
        target = self.linked.follow(reference, query.place)
        if isinstance(target, Letter):
            self.registry.report(target)
            return []
        if target is None:
            return []
        return [window.fqn for window in target.windows()]

    def _as_reference(self, item: Any, query: NamedQuery) -> Reference | type | None:
        """Features may also be named by their fully qualified name."""
        if isinstance(item, (Reference, FeatureMeta)):
            return item
        namespace, _dot, path = str(item).partition(".")
        cls = self.registry.classes.get(namespace)
        if isinstance(item, str) and cls is not None:
            return Reference(cls, tuple(path.split("."))) if path else cls
        message = f"The named query `{query.name}` names `{item}`, which is no feature."
        fix = suggestion(namespace, self.registry.classes)
        self.registry.report(Letter("unknown_feature", message, query.place, fix))
        return None


def collect(root: str) -> Project:
    """Imports and links the project in `root`. The letters found so far are in `project.registry.letters`."""
    root = os.path.realpath(root)
    with registry.collection() as found:
        load_project(root, found)
        if found.incomplete:
            raise DefinitionError(found.letters)
        linked = link(found)
        signatures = []
        for resolver in found.resolvers:
            try:
                signatures.append(SignatureReader(linked, resolver).read())
            except DefinitionError as error:
                found.report_all(error)
    return Project(root, read_settings(root), linked, signatures, found)


def make_bundle(root: str) -> tuple[Project, dict[str, Any]]:
    """A project and its bundle without the archive. Raises DefinitionError with every letter at once."""
    project = collect(root)
    found = project.registry
    found.collecting = True
    try:
        bundle = project.bundle()
    finally:
        found.collecting = False
    if found.letters:
        raise DefinitionError(sorted(found.letters, key=lambda letter: letter.place or Place("", 0)))
    return project, bundle


def place_json(root: str, place: Place) -> dict[str, Any]:
    """A place relative to the project's root, with '/'. Files outside of it keep their name only."""
    if not os.path.isabs(place.file):
        return {"file": place.file, "line": place.line}
    path = os.path.realpath(place.file)
    inside = path.startswith(root + os.sep)
    return {"file": os.path.relpath(path, root).replace(os.sep, "/") if inside else os.path.basename(path),
            "line": place.line}  # fmt: skip


def letter_json(root: str, letter: Letter) -> dict[str, Any]:
    """A letter as the server and the CLI read it."""
    body: dict[str, Any] = {"code": letter.code, "message": letter.message}
    if letter.place is not None:
        body["place"] = place_json(root, letter.place)
    if letter.fix is not None:
        body["fix"] = letter.fix
    return body


def canonical(value: Any) -> str:
    """JSON with sorted keys, indented for people, and a final newline; NaN is refused."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def code_digest(function: Callable) -> str | None:
    """SHA-256 (hex) of what a function says, whatever its layout and comments; None where it has no source file."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
        text = ast.unparse(ast.parse(source))
    except (OSError, TypeError, SyntaxError):
        return None
    return hashlib.sha256(text.encode()).hexdigest()
