"""Finds a project's files and imports those that define something."""

import fnmatch
import importlib
import os
import re
import sys
import traceback

from creta.definition.letters import DefinitionError, Letter
from creta.definition.places import Place
from creta.definition.registry import Registry
from creta.project.sql_files import ENDINGS, find_sql_files

SKIPPED_FOLDERS = frozenset(("__pycache__", "venv", "env", "node_modules", "data", "build", "dist", "site-packages"))
SKIPPED_TO_IMPORT = ("test_*.py", "*_test.py", "conftest.py", "setup.py")
IMPORTS_CRETA = re.compile(r"^\s*(?:from|import)\s+creta\b", re.MULTILINE)
DEFINES_FOR_OTHERS = re.compile(r"^@features\b|Source\(", re.MULTILINE)
IGNORE_FILE = ".cretaignore"


def project_files(root: str, endings: tuple[str, ...]) -> list[str]:
    """Relative paths with '/' of the files that belong to a project, sorted.

    Hidden folders, virtual environments, caches and `data` are left out, as is what `.cretaignore` names (a file-name
    pattern per line).
    """
    ignored = _ignored_patterns(root)
    found = []
    for folder, folders, files in os.walk(root):
        relative = os.path.relpath(folder, root)
        prefix = "" if relative == "." else relative.replace(os.sep, "/") + "/"
        folders[:] = [name for name in folders if _is_project_folder(folder, name, prefix, ignored)]
        for name in files:
            path = prefix + name
            if name.endswith(endings) and not name.startswith(".") and not _matches(path, ignored):
                found.append(path)
    return sorted(found)


def _is_project_folder(parent: str, name: str, prefix: str, ignored: list[str]) -> bool:
    if name.startswith(".") or name in SKIPPED_FOLDERS or _matches(prefix + name, ignored):
        return False
    return not os.path.exists(os.path.join(parent, name, "pyvenv.cfg"))


def _ignored_patterns(root: str) -> list[str]:
    try:
        with open(os.path.join(root, IGNORE_FILE), encoding="utf-8") as file:
            lines = [line.strip().strip("/") for line in file]
    except FileNotFoundError:
        return []
    return [line for line in lines if line and not line.startswith("#")]


def _matches(path: str, patterns: list[str]) -> bool:
    name = path.rsplit("/", 1)[-1]
    return any(fnmatch.fnmatch(path, pattern) or fnmatch.fnmatch(name, pattern) for pattern in patterns)


def load_project(root: str, registry: Registry) -> None:
    """Imports the Python files that use creta and reads the SQL files. Faults go to the registry.

    `root` becomes the first entry of `sys.path` and the working directory.
    """
    root = os.path.realpath(root)
    os.chdir(root)
    sys.path.insert(0, root)
    for path in project_files(root, (".py",)):
        if _defines_something(root, path):
            _import(root, path, registry)
    find_sql_files([os.path.join(root, path) for path in project_files(root, ENDINGS)], registry)


def _defines_something(root: str, path: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    if any(fnmatch.fnmatch(name, pattern) for pattern in SKIPPED_TO_IMPORT) or "tests/" in "/" + path:
        return False
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
        return IMPORTS_CRETA.search(file.read()) is not None


def _import(root: str, path: str, registry: Registry) -> None:
    file = os.path.join(root, path)
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    try:
        module = importlib.import_module(name)
    except DefinitionError as error:
        registry.report_all(error)
        _forget(file, registry)
        return
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        registry.report(_import_letter(root, file, error))
        _forget(file, registry)
        return
    actual = getattr(module, "__file__", None)
    if actual is None or os.path.realpath(actual) != os.path.realpath(file):
        message = f"The module `{name}` is hidden by another module of that name."
        registry.report(Letter("import_failed", message, Place(file, 1), "Rename the file."))


def _forget(failed: str, registry: Registry) -> None:
    """What a module defined before its import failed is gone with it."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    registry.keep({file for file in files if file})
    with open(failed, encoding="utf-8", errors="replace") as file:
        registry.incomplete |= DEFINES_FOR_OTHERS.search(file.read()) is not None


def _import_letter(root: str, file: str, error: BaseException) -> Letter:
    """Points at the innermost line of the project that was being executed."""
    line, where = 1, file
    if isinstance(error, SyntaxError) and error.filename:
        where, line = error.filename, error.lineno or 1
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if os.path.realpath(frame.filename).startswith(root + os.sep):
                where, line = frame.filename, frame.lineno or 1
    fix = None
    if isinstance(error, ModuleNotFoundError):
        fix = f"Install `{error.name}` in the project's Python environment, or correct the import."
    words = str(error.msg if isinstance(error, SyntaxError) else error)
    return Letter("import_failed", f"Importing fails: {type(error).__name__}: {words}", Place(where, line), fix)
