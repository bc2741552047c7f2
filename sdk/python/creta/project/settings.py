"""The project's settings file: creta.yaml, or chalk.yaml of a project that is being ported."""

import os
from typing import Any

import yaml

from creta.definition.letters import Letter, fault, suggestion
from creta.definition.places import Place
from creta.definition.registry import Registry

FILE_NAMES = ("creta.yaml", "creta.yml", "chalk.yaml", "chalk.yml")
WORDS = ("owner", "description", "tags")
SEVERITIES = ("error", "warning", "info")


class Settings:
    """What one settings file says. Nodes keep their lines, so that a letter can point at them."""

    def __init__(self, file_name: str, node: yaml.Node | None):
        self.file_name = file_name
        self.node = node

    def project_name(self) -> str | None:
        """`project:`, if it is there."""
        named = _child(self.node, "project")
        return named.value or None if isinstance(named, yaml.ScalarNode) else None

    def metadata_rules(self, registry: Registry) -> list[dict[str, str]]:
        """`validation.feature.metadata`: which words features must have, and how bad it is when one is missing."""
        rules = _child(_child(_child(self.node, "validation"), "feature"), "metadata")
        if rules is None:
            return []
        if not isinstance(rules, yaml.SequenceNode):
            self._report(registry, rules, "`validation.feature.metadata` is not a list of rules.")
            return []
        return [rule for item in rules.value if (rule := self._rule(registry, item)) is not None]

    def _rule(self, registry: Registry, item: yaml.Node) -> dict[str, str] | None:
        name = self._choice(registry, item, "name", WORDS)
        missing = self._choice(registry, item, "missing", SEVERITIES)
        return {"name": name, "missing": missing} if name and missing else None

    def _choice(self, registry: Registry, item: yaml.Node, key: str, allowed: tuple[str, ...]) -> str | None:
        node = _child(item, key)
        if isinstance(node, yaml.ScalarNode) and node.value in allowed:
            return node.value
        listed = ", ".join(allowed)
        if isinstance(node, yaml.ScalarNode):
            message = f"`{node.value}` is no `{key}` of a metadata rule."
            self._report(registry, node, message, suggestion(node.value, allowed) or f"Write one of {listed}.")
        else:
            message = f"A metadata rule has no `{key}`."
            self._report(registry, item, message, f"Add `{key}:` with one of {listed}.")
        return None

    def _report(self, registry: Registry, node: yaml.Node, message: str, fix: str | None = None) -> None:
        fix = fix or "Write it as `- {name: owner, missing: error}`."
        place = Place(self.file_name, node.start_mark.line + 1)
        registry.report(Letter("invalid_definition", message, place, fix))


def read_settings(root: str) -> Settings:
    """The settings of the project in `root`; empty ones when it has no file for them."""
    for file_name in FILE_NAMES:
        try:
            with open(os.path.join(root, file_name), encoding="utf-8") as file:
                return Settings(file_name, yaml.compose(file, Loader=yaml.SafeLoader))
        except FileNotFoundError:
            continue
        except yaml.YAMLError as error:
            mark: Any = getattr(error, "problem_mark", None)
            place = Place(file_name, mark.line + 1 if mark else 1)
            raise fault("invalid_definition", f"{file_name} is not YAML.", place) from None
    return Settings(FILE_NAMES[0], None)


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)
