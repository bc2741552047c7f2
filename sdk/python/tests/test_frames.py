"""DataFrame against polars: joins, groups and aggregates of random tables, and the rules for nothing at all."""

import math
import random
from datetime import UTC, datetime, timedelta

import polars
import pyarrow
import pytest

from creta import DataFrame, DefinitionError, FeatureTime, _, after, features
from creta.features import before, feature
from creta.testing import freeze_time, same

NOW = datetime(2030, 1, 10, tzinfo=UTC)


@features
class Pier:
    id: int
    name: str = "none"


@features
class Visit:
    id: int
    pier_id: Pier.id
    pier: Pier
    teu: int | None
    weight: float | None
    held: bool | None
    note: str = feature(default="-")
    at: FeatureTime


def random_table(seed: int) -> pyarrow.Table:
    source = random.Random(seed)
    size = source.choice([0, 1, 2, 7, 40])

    def column(make, kind):
        return pyarrow.array([None if source.random() < 0.3 else make() for _row in range(size)], kind)

    return pyarrow.table(
        {
            "visit.id": pyarrow.array(range(size), pyarrow.int64()),
            "visit.pier_id": column(lambda: source.randrange(4), pyarrow.int64()),
            "visit.teu": column(lambda: source.randrange(-50, 50), pyarrow.int64()),
            "visit.weight": column(lambda: source.uniform(-1e3, 1e3), pyarrow.float64()),
            "visit.held": column(lambda: source.random() < 0.5, pyarrow.bool_()),
        }
    )


SEEDS = range(60)
WITH_POLARS = {
    "sum": lambda column: column.sum(),
    "mean": lambda column: column.mean(),
    "median": lambda column: column.median(),
    "min": lambda column: column.min(),
    "max": lambda column: column.max(),
    "std": lambda column: column.std(),
    "var": lambda column: column.var(),
    "num_unique": lambda column: column.drop_nulls().n_unique(),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_aggregates_are_those_of_polars(seed):
    table = random_table(seed)
    frame, other = DataFrame(table), polars.from_arrow(table)
    for function, theirs in WITH_POLARS.items():
        for column in (Visit.teu, Visit.weight):
            mine = getattr(frame[column], function)()
            assert same(mine, theirs(other[str(column)]), 1e-9, 1e-9), (function, column)
    held = other["visit.held"].drop_nulls()
    assert frame[Visit.held].any() is bool(held.any()) and frame[Visit.held].all() is bool(held.all())


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_are_those_of_polars(seed):
    table = random_table(seed)
    mine = DataFrame(table).group_by(
        Visit.pier_id,
        {"visit.n": _.count(), Visit.teu: _.teu.sum(), Visit.weight: _.weight.std(), "visit.top": _.weight.max()},
    )
    theirs = polars.from_arrow(table).group_by("visit.pier_id", maintain_order=True).agg(
        polars.len().cast(polars.Int64).alias("visit.n"), polars.col("visit.teu").sum(),
        polars.col("visit.weight").std(), polars.col("visit.weight").max().alias("visit.top"),
    )  # fmt: skip
    assert same(mine.to_pylist(), theirs.to_dicts(), 1e-9, 1e-9)


@pytest.mark.parametrize("how", ["left", "inner", "outer", "semi", "anti"])
@pytest.mark.parametrize("seed", range(20))
def test_joins_are_those_of_polars(seed, how):
    left, right = random_table(seed), random_table(seed + 1000)
    right = right.rename_columns(["visit.other", "visit.pier_id", "visit.teu2", "visit.weight2", "visit.held2"])
    mine = DataFrame(left).join(DataFrame(right), Visit.pier_id, how)
    kind = "full" if how == "outer" else how
    theirs = polars.from_arrow(left).join(
        polars.from_arrow(right), on="visit.pier_id", how=kind, coalesce=None if how in ("semi", "anti") else True
    )
    assert set(mine.columns) == set(theirs.columns)
    order = mine.columns
    assert sorted(map(repr, (list(row.values()) for row in mine))) == sorted(
        map(repr, (list(row.values()) for row in theirs.select(order).to_dicts()))
    )


def test_nothing_and_nan():
    nothing = DataFrame({Visit.teu: pyarrow.array([], pyarrow.int64()), Visit.held: pyarrow.array([], pyarrow.bool_())})
    teu, held = nothing[Visit.teu], nothing[Visit.held]
    assert (teu.sum(), teu.count(), teu.mean(), teu.min(), teu.std(), teu.median()) == (0, 0, None, None, None, None)
    assert held.any() is False and held.all() is True and not nothing
    with pytest.raises(TypeError, match="bool"):
        teu.any()
    nan = DataFrame({Visit.weight: [1.0, float("nan"), None]})
    assert all(math.isnan(value) for value in (nan.sum(), nan.min(), nan.max(), nan.mean(), nan.median()))
    big = DataFrame({Visit.teu: [2**62, 2**62 - 1]})
    assert big.sum() == 2**63 - 1
    with pytest.raises(OverflowError):
        big.vstack(big).sum()


def test_words_inside_of_brackets():
    frame = DataFrame([Visit(id=row, teu=row, held=row > 1) for row in range(4)])
    assert frame[Visit.teu > 0 and Visit.teu < 3, Visit.id].to_pyarrow()["visit.id"].to_pylist() == [1, 2]
    assert len(frame[Visit.teu in [0, 3] or Visit.id == 1]) == 3
    assert len(frame[not Visit.held and Visit.teu is not None]) == 2
    assert len(frame[Visit.teu not in (0, 1), 1 < Visit.teu < 3]) == 1
    assert len(frame[Visit.teu in []]) == 0 and len(frame[Visit.teu in [None, 1]]) == 1  # noqa: RUF060
    with pytest.raises(DefinitionError, match="truth"):
        bool(Visit.teu > 1 and Visit.held)
    with pytest.raises(DefinitionError, match="truth"):
        _.visits[_.teu > 1 and _.held]


def test_rows_columns_and_bounds():
    frame = DataFrame([Visit(id=row, teu=10 - row, at=NOW - timedelta(days=row)) for row in range(5)])
    with freeze_time(NOW):
        assert len(frame[after(days_ago=2)]) == 3 and len(frame[before(days_ago=2, index=Visit.at)]) == 3
    assert frame[:1, Visit.teu < 9].to_pyarrow()["visit.id"].to_pylist() == [2]
    assert frame[-1][Visit.id].item() == 4 and len(frame.slice(1, 2)) == 2
    with pytest.raises(IndexError):
        frame[5]
    for wrong in (slice(1, 2), slice(None, None, 2), slice(None, -1)):
        with pytest.raises(DefinitionError):
            frame[wrong]
    with pytest.raises(DefinitionError, match="Quote"):
        DataFrame["visit.id"]
    assert [str(item) for item in DataFrame[Visit.id, Visit.teu > 1][Visit.teu].items if str(item) == "visit.teu"]
    assert Visit.id not in [item for item in DataFrame[Visit.id][Visit.teu].items if item is Visit.id]


def test_instances_and_missing_values():
    frame = DataFrame([Visit(id=1, note="x"), Visit(id=2)])
    assert frame.to_pylist()[1] == {"visit.id": 2, "visit.note": "-"}
    assert (
        DataFrame([Visit(id=1, teu=3), Visit(id=2)], missing_value_strategy="allow").to_pylist()[1]["visit.teu"] is None
    )
    with pytest.raises(ValueError, match=r"lacks visit\.teu"):
        DataFrame([Visit(id=2, teu=3), Visit(id=1)], missing_value_strategy="default_or_error")
    with pytest.raises(ValueError, match="missing_value_strategy"):
        DataFrame([], missing_value_strategy="maybe")
    assert frame.to_features() == [Visit(id=1, note="x"), Visit(id=2, note="-")]
    nested = DataFrame({Visit.id: [1], Visit.pier.name: ["North"]}).to_features()
    assert nested == [Visit(id=1, pier=Pier(name="North"))]
    with pytest.raises(TypeError, match="one class"):
        DataFrame([Visit(id=1), Pier(id=1)])


def test_files(tmp_path):
    import pyarrow.csv
    import pyarrow.parquet

    table = pyarrow.table({"no": [1, 2], "name": ["a", "b"]})
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    pyarrow.csv.write_csv(table, tmp_path / "t.csv")
    polars.from_arrow(table).write_avro(tmp_path / "t.avro")
    columns = {"no": Pier.id, "name": Pier.name}
    readers = {"parquet": DataFrame.read_parquet, "csv": DataFrame.read_csv, "avro": DataFrame.read_avro}
    frames = [read(str(tmp_path / f"t.{ending}"), columns) for ending, read in readers.items()]
    assert all(frame.to_pylist() == frames[0].to_pylist() for frame in frames)
    assert frames[0].columns == ["pier.id", "pier.name"]
