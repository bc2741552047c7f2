"""Writes `expected/<family>.json` from the references: `python generate.py [folder]`."""

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FAMILIES = (
    "strings", "conditional", "math", "dates", "aggregation", "sort_order", "arrays", "lambdas", "json", "hash", "url",
    "bytes",
)  # fmt: skip


def rendered(family: str) -> str:
    """The file of a family, one case per line."""
    cases = importlib.import_module(f"families.{family}").cases()
    lines = [json.dumps(case, ensure_ascii=False, allow_nan=False) for case in cases]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def write(folder: Path) -> None:
    """All families into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for family in FAMILIES:
        (folder / f"{family}.json").write_text(rendered(family), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "expected")
