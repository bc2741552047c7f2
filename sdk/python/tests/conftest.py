"""Shared fixtures: temporary projects, each exported in a process of its own, as users' projects are."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HERE = Path(__file__).parent


class Export:
    """The outcome of `python -m creta.export`."""

    def __init__(self, completed: subprocess.CompletedProcess, out: Path):
        self.status = completed.returncode
        self.stdout = completed.stdout
        self.stderr = completed.stderr
        self.out = out

    @property
    def bundle(self) -> dict:
        assert self.status == 0, self.stdout + self.stderr
        return json.loads((self.out / "bundle.json").read_text())

    @property
    def letters(self) -> list[dict]:
        assert self.status == 2, self.stdout + self.stderr
        return json.loads(self.stdout)["errors"]


class ProjectFolder:
    """A folder that files are written to and that can be exported."""

    def __init__(self, root: Path):
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def write(self, **files: str) -> "ProjectFolder":
        """`features_py="…"` writes features.py; `calls_creta_sql` writes calls.creta.sql."""
        for name, text in files.items():
            for ending in ("creta_sql", "chalk_sql", "py", "yaml"):
                if name.endswith("_" + ending):
                    path = self.root / f"{name.removesuffix('_' + ending)}.{ending.replace('_', '.')}"
                    break
            path.write_text(textwrap.dedent(text).lstrip("\n"))
        return self

    def export(self, out: str = "out") -> Export:
        return export(self.root, self.root.parent / out)


def export(root: Path, out: Path) -> Export:
    command = [sys.executable, "-m", "creta.export", str(root), "--out", str(out)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return Export(subprocess.run(command, capture_output=True, text=True, env=environment), out)


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    return ProjectFolder(tmp_path / "project")


@pytest.fixture(scope="session")
def port_project() -> Path:
    """The project of tests/port: one of everything."""
    return HERE / "port"
