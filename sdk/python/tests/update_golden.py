"""Writes tests/port.bundle.json anew. Read the diff before you commit it."""

import shutil
import tempfile
from pathlib import Path

from creta.export import export

HERE = Path(__file__).parent

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        export(str(HERE / "port"), folder)
        shutil.copy(Path(folder) / "bundle.json", HERE / "port.bundle.json")
