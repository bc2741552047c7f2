"""Unit tests of projects: resolvers as functions, frozen time, SQL resolvers without a server, and `check`."""

import sqlite3
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pyarrow
import pyarrow.parquet
import pytest

from creta import DataFrame, FeatureTime, Now, _, after, features, offline, online
from creta.definition.registry import registry
from creta.features import before
from creta.sql import CSVSource, ParquetSource, SQLiteSource, make_sql_file_resolver
from creta.testing import check, freeze_time, get_resolver

NOW = datetime(2030, 1, 10, tzinfo=UTC)


@features
class Quay:
    id: int
    name: str


@features
class Boat:
    id: int
    risk: float
    stays: "DataFrame[Stay]"


@features
class Stay:
    id: int
    boat_id: Boat.id
    quay_id: Quay.id
    quay: Quay
    teu: int = 1
    held: bool
    at: FeatureTime


@online
def boat_risk(
    stays: Boat.stays[Stay.teu, Stay.quay.name, Stay.held == True, after(days_ago=5)],  # noqa: E712
    old: Boat.stays[Stay.id, before(days_ago=5), :1],
    now: Now,
) -> Boat.risk:
    return stays, old, now


@offline
def all_risks(rows: DataFrame[Boat.id, Now]) -> DataFrame[Boat.id, Boat.risk]:
    return rows


STAYS = [
    Stay(id=1, teu=4, held=True, quay=Quay(name="North"), at=NOW - timedelta(days=1)),
    Stay(id=2, teu=5, held=False, quay=Quay(name="South"), at=NOW),
    Stay(id=3, teu=6, held=True, quay=None, at=NOW - timedelta(days=5)),
    Stay(id=4, held=None, at=NOW - timedelta(days=6)),
    Stay(id=5, held=True, at=NOW - timedelta(days=7)),
]


def test_lists_become_what_the_annotation_asks_for():
    with freeze_time(NOW):
        stays, old, now = boat_risk(STAYS, STAYS)
    assert stays.to_pylist() == [
        {"stay.teu": 4, "stay.quay.name": "North"}, {"stay.teu": 6, "stay.quay.name": None},
    ]  # fmt: skip
    assert (old.to_pylist(), now) == ([{"stay.id": 3}], NOW)
    stays, old, now = boat_risk([], STAYS, now=NOW)
    assert stays.sum().to_pylist()[0]["stay.teu"] == 0 if stays.num_columns == 1 else stays.columns == [
        "stay.teu", "stay.quay.name",
    ]  # fmt: skip
    assert now == NOW
    given = DataFrame({Stay.teu: [1]})
    assert boat_risk(given, given)[0] is given
    with freeze_time(NOW):
        assert all_risks([Boat(id=1)]).to_pylist() == [{"boat.id": 1, "__now__": NOW}]
    with pytest.raises(TypeError, match="expected a list of Stay"):
        boat_risk([Boat(id=1)], [])
    with pytest.raises(TypeError):
        boat_risk(STAYS, STAYS, nonsense=1)


def test_time_must_be_aware_and_goes_on_afterwards():
    with pytest.raises(ValueError, match="aware"), freeze_time(datetime(2030, 1, 1)):
        pass
    before_now = datetime.now(UTC)
    assert boat_risk([], [])[2] >= before_now


def test_resolvers_by_name():
    assert get_resolver("boat_risk") is boat_risk and get_resolver(boat_risk.name) is boat_risk
    with pytest.raises(LookupError, match="Did you mean"):
        get_resolver("boat_rsk")


@pytest.fixture
def sources(tmp_path):
    base = sqlite3.connect(tmp_path / "port.sqlite")
    base.execute("create table stays (no integer, boat integer, teu integer, held integer, arrived text)")
    base.execute(
        "insert into stays values (1, 7, 4, 1, '2030-01-01T00:00:00+00:00'), (2, 8, 5, 0, '2030-01-20T00:00:00')"
    )
    base.commit()
    table = pyarrow.table({"no": [1, 2], "boat": [7, 8], "at": [NOW, None]})
    pyarrow.parquet.write_table(table, tmp_path / "stays.parquet")
    (tmp_path / "stays.csv").write_text("no,boat\n1,7\n2,8\n")
    kept = list(registry.sources), list(registry.sql_resolvers)
    yield tmp_path
    registry.sources[:], registry.sql_resolvers[:] = kept


SQL = """-- Stays of one boat.
-- resolves: Stay
-- source: harbour
-- count: all
select no as id, boat as boat_id, teu, held, arrived as at from stays
where boat = ${boat.id} and arrived <= ${now} and teu > ${boat.least | 0}
"""


def test_sql_files_run_without_a_server(sources):
    (sources / "stays.creta.sql").write_text(SQL)
    SQLiteSource(name="harbour", path="port.sqlite")
    resolver = get_resolver("stays", root=str(sources))
    with freeze_time(NOW):
        rows = resolver({Boat.id: 7})
        assert rows.to_pylist() == [
            {"stay.id": 1, "stay.boat_id": 7, "stay.teu": 4, "stay.held": True,
             "stay.at": datetime(2030, 1, 1, tzinfo=UTC)}
        ]  # fmt: skip
        assert len(resolver({"boat.id": 8})) == 0 and len(resolver({"boat.id": 7, "boat.least": 4})) == 0
    with pytest.raises(KeyError, match=r"boat\.id"):
        resolver()


def test_files_run_as_tables(sources):
    ParquetSource(name="lake", tables={"stays": "stays.parquet"})
    CSVSource(name="texts", tables={"stays": "stays.csv"})
    make_sql_file_resolver(
        "lake_stays", "select no as id, boat as boat_id, at from stays", source="lake", resolves=Stay
    )
    make_sql_file_resolver("one_stay", "select no as id from stays", source="texts", resolves=Stay, count="one")
    assert get_resolver("lake_stays", str(sources))().to_pyarrow()["stay.at"].to_pylist() == [NOW, None]
    with pytest.raises(ValueError, match="2 rows"):
        get_resolver("one_stay", str(sources))()
    make_sql_file_resolver("wrong", "select no as idd from stays", source="texts", resolves=Stay)
    with pytest.raises(LookupError, match="idd"):
        get_resolver("wrong", str(sources))()


class FakeClient:
    """Answers every query with the same values."""

    def __init__(self, values, errors=(), hits=()):
        self.values, self.errors, self.hits = values, list(errors), hits

    def query(self, input, output, now=None, include_meta=False, **options):
        self.asked = output
        return self

    def get_feature_value(self, name):
        return self.values.get(name)

    def get_feature(self, name):
        return SimpleNamespace(meta=SimpleNamespace(cache_hit=name in self.hits))


def test_check():
    error = SimpleNamespace(code="RESOLVER_FAILED", feature="boat.risk")
    client = FakeClient({"boat.risk": 0.1 + 0.2, "boat.tags": [1.0, 2]}, hits=("boat.risk",))
    check(client, {Boat.id: 1}, {Boat.risk: 0.3, "boat.tags": [1, 2]})
    check(client, {Boat.id: 1}, {"risk": ..., "tags": [..., 2]}, prefix=False, cache_hits=["risk"])
    assert client.asked == ["boat.risk", "boat.tags"]
    with pytest.raises(pytest.fail.Exception, match=r"boat\.risk +0\.31 +0\.3"):
        check(client, {Boat.id: 1}, {Boat.risk: 0.31})
    with pytest.raises(pytest.fail.Exception, match="from the cache"):
        check(client, {Boat.id: 1}, {Boat.risk: ..., "boat.tags": ...}, cache_hits=[])
    failing = FakeClient({}, [error])
    check(failing, {Boat.id: 1}, {}, feature_errors={Boat.risk: "RESOLVER_FAILED"})
    with pytest.raises(pytest.fail.Exception, match="errors of the query"):
        check(failing, {Boat.id: 1}, {Boat.risk: ...})
    with pytest.raises(pytest.fail.Exception, match=r"errors of boat\.risk"):
        check(failing, {Boat.id: 1}, {}, feature_errors={Boat.risk: "UPSTREAM_FAILED"})


@online
def boat_load(stays: Boat.stays[_.teu, _.teu > 4]) -> Boat.risk:
    return stays


def test_rows_are_projected_by_attributes_of_the_row():
    assert boat_load(STAYS).to_pandas().to_dict("list") == {"stay.teu": [5, 6]}
