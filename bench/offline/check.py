"""Whether two answers are the same, cell by cell."""

from dataclasses import dataclass
from pathlib import Path

import numpy
import pyarrow
import pyarrow.compute
import pyarrow.parquet
from questions import COLUMNS

# Means are sums of quarters divided: they may be rounded once.
RELATIVE = 1e-12


@dataclass(frozen=True)
class Difference:
    cells: int
    differ: int
    example: str


def compare(question: str, right: Path, other: Path) -> Difference:
    """Counts the cells of `other` that differ from those of `right`; a missing row differs in all its cells."""
    names = COLUMNS[question]
    left, found = _sorted(right), _sorted(other)
    cells = left.num_rows * len(names)
    if left.num_rows != found.num_rows or not left["question"].equals(found["question"]):
        return Difference(cells, cells, f"{found.num_rows} rows instead of {left.num_rows}, or not the same")
    differ, example = 0, ""
    for name in names:
        wrong = _wrong(left[name], found[name])
        differ += int(wrong.sum())
        if wrong.any() and not example:
            row = int(numpy.flatnonzero(wrong)[0])
            example = f"{name} of question {row}: {found[name][row]} instead of {left[name][row]}"
    return Difference(cells, differ, example)


def _sorted(path: Path) -> pyarrow.Table:
    table = pyarrow.parquet.read_table(path).sort_by("question")
    return table.set_column(table.schema.get_field_index("question"), "question",
                            table["question"].cast(pyarrow.int64()).combine_chunks())  # fmt: skip


def _wrong(left: pyarrow.ChunkedArray, right: pyarrow.ChunkedArray) -> numpy.ndarray:
    nulls = [column.is_null().to_numpy() for column in (left, right)]
    values = [pyarrow.compute.fill_null(column.cast(pyarrow.float64()), 0.0).to_numpy() for column in (left, right)]
    return (nulls[0] != nulls[1]) | ~numpy.isclose(values[0], values[1], rtol=RELATIVE, atol=0)
