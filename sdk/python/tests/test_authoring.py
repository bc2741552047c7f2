"""Feature classes, references, expressions and frames in a process of their own, without a server."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Literal, Optional
from uuid import UUID

import numpy
import pandas
import polars
import pytest

import creta.functions as F
from creta import (
    MISSING,
    DataFrame,
    DefinitionError,
    Features,
    FeatureTime,
    Vector,
    Windowed,
    _,
    __,
    features,
    online,
    windowed,
)
from creta.definition.durations import INFINITY, display, microseconds, window_name
from creta.definition.value_types import NotAType, value_type


@features
class Dock:
    id: int
    name: str
    ships: "DataFrame[Ship]"


@features(owner="x")
class Ship:
    id: int
    flag: str
    draft_m: float | None
    dock_id: Dock.id
    dock: Dock
    teu: Windowed[float] = windowed(days=[1, 7], hours=[1], default=0.0)
    seen_at: FeatureTime

    def label(self) -> str:
        return f"{self.flag}-{self.id}"


@online
def is_deep(draft: Ship.draft_m, dock: Optional[Ship.dock.name], flag: Ship.flag | None = None) -> Features[Ship.flag]:
    return Ship(flag="deep" if draft > 12 else "flat")


def test_resolvers_can_be_called():
    assert is_deep(13.0, None) == Ship(flag="deep")
    assert is_deep.__name__ == "is_deep" and is_deep.name.endswith("test_authoring.is_deep")


def test_instances_hold_missing():
    ship = Ship(id=7, flag="PA", draft_m=None)
    assert ship.draft_m is None and ship.dock_id is MISSING and not MISSING
    assert dict(ship.items()) == {"ship.id": 7, "ship.flag": "PA", "ship.draft_m": None}
    assert ship.label() == "PA-7"
    assert repr(ship) == "Ship(id=7, flag='PA', draft_m=None)"


def test_references_name_features():
    assert str(Ship.dock.name) == "ship.dock.name"
    assert str(Ship.teu["7d"]) == "ship.teu__604800__"
    assert str(Ship.dock.ships.teu[timedelta(hours=1)]) == "ship.dock.ships.teu__3600__"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1h 30m", 5_400_000_000),
        ("500ms", 500_000),
        ("2w", 1_209_600_000_000),
        ("all", INFINITY),
        ("-1h", -3_600_000_000),
    ],
)
def test_durations(text, expected):
    assert microseconds(text) == expected
    assert microseconds(display(expected)) == expected


@pytest.mark.parametrize("text", ["", "1", "1x", "h", "1h x", "1.5h", None, True])
def test_bad_durations(text):
    with pytest.raises(ValueError):
        microseconds(text)


def test_window_names():
    assert window_name("teu", microseconds("1d")) == "teu__86400__"
    assert window_name("teu", INFINITY) == "teu__all__"
    assert window_name("teu", microseconds("-1h")) == "teu__neg3600__"


def test_expressions_are_trees():
    assert (2013 - _.built)._creta_node == {
        "call": {
            "function": "-",
            "arguments": [{"literal": {"int": 2013}}, {"attribute": {"of": "this", "name": "built"}}],
        }
    }
    assert (~(_.a == None))._creta_node["call"]["arguments"][0]["call"]["arguments"][1] == {"literal": "null"}  # noqa: E711
    assert _.chalk_now._creta_node == _.creta_now._creta_node == "now"
    assert _.chalk_window._creta_node == "window_start"
    assert __.id._creta_node == {"attribute": {"of": "outer", "name": "id"}}
    rows = _.calls[_.teu, _.ts > _.chalk_window, :3]._creta_node["rows"]
    assert rows["limit"] == 3 and len(rows["items"]) == 2
    share = _.calls[_.teu].approx_percentile(quantile=0.5)._creta_node["aggregate"]
    assert (share["function"], share["options"]) == ("approx_percentile", {"quantile": {"float": 0.5}})


@pytest.mark.parametrize(
    "build",
    [
        lambda: _.a and _.b,
        lambda: 1 < _.a < 3,
        lambda: _.calls.nonsense(),
        lambda: _.calls[1:3],
        lambda: _.teu["soon"],
        lambda: F.cast(_.a, object),
        lambda: F.no_such_function(_.a),
        lambda: _.a + object(),
    ],
)
def test_impossible_expressions(build):
    with pytest.raises(DefinitionError) as caught:
        build()
    assert caught.value.letters[0].place.file == __file__


def test_functions_build_calls():
    assert F.cast(_.a, float)._creta_node["call"]["options"] == {"type": {"str": "float"}}
    assert [len(F.substr(*given)._creta_node["call"]["arguments"]) for given in ((_.s, 1), (_.s, 1, 2))] == [2, 3]
    assert F.coalesce(_.a, _.b, 0)._creta_node["call"]["arguments"][2] == {"literal": {"int": 0}}
    with pytest.raises(TypeError):
        F.lower()
    chosen = F.when(_.a > 1).then("x").when(_.a > 0).then("y")
    assert len(chosen._creta_node["call"]["arguments"]) == 5
    assert chosen.otherwise("z")._creta_node["call"]["arguments"][4] == {"literal": {"str": "z"}}


def test_frames_come_from_every_table():
    rows = {Ship.id: [1, 2], "ship.draft_m": [9.5, None]}
    frame = DataFrame(rows)
    assert frame == DataFrame(pandas.DataFrame(rows)) == DataFrame(frame.to_pyarrow()) == DataFrame(frame)
    assert frame == DataFrame([Ship(id=1, draft_m=9.5), Ship(id=2, draft_m=None)])
    assert DataFrame(polars.DataFrame({"ship.id": [1, 2]})).columns == ["ship.id"]
    assert list(frame.to_pandas(prefixed=False).columns) == ["id", "draft_m"]
    assert frame.to_polars().height == 2
    with pytest.raises(TypeError):
        DataFrame(3)


def test_frames_filter_and_aggregate():
    at = datetime(2030, 1, 1, tzinfo=UTC)
    frame = DataFrame({Ship.id: [1, 2, 3], Ship.draft_m: [4.0, None, 10.0], Ship.seen_at: [at, at, at]})
    assert frame[Ship.draft_m > 4.0][Ship.id].item() == 3
    assert frame[Ship.id, (Ship.id > 1) & (_.draft_m * 2 == 20)].columns == ["ship.id"]
    assert len(frame[Ship.seen_at <= at]) == 3 and len(frame[:2]) == 2 and frame[-1][Ship.id].item() == 3
    draft = frame[Ship.draft_m]
    assert (draft.sum(), draft.mean(), draft.count(), draft.min()) == (14.0, 7.0, 3, 4.0)
    assert draft.std() == pytest.approx(4.2426, abs=1e-4)
    nothing = draft[Ship.draft_m > 100]
    assert (nothing.sum(), nothing.mean(), nothing.count(), nothing.max()) == (0, None, 0, None)
    assert frame[Ship.id, Ship.draft_m].sum().to_pylist() == [{"ship.id": 6, "ship.draft_m": 14.0}]
    assert frame.with_column("ship.twice", Ship.id * 2)["ship.twice"].sum() == 12
    assert frame.sort(Ship.id, descending=True)[0][Ship.id].item() == 3
    assert len(frame.vstack(frame)) == 6


def test_inline_features():
    Ship.load: float = _.draft_m / 2
    assert str(Ship.load) == "ship.load"
    with pytest.raises(DefinitionError, match="no type annotation"):
        Ship.other = _.draft_m / 2


def test_values_are_checked_by_type():
    for annotation, value, encoded in ENCODED:
        assert value_type(annotation).encode(value) == encoded
    for annotation, value in REFUSED:
        with pytest.raises(TypeError, match="expected") as caught:
            value_type(annotation).encode(value)
        assert "secret" not in str(caught.value)
    for annotation in (
        object,
        tuple[int, str],
        dict[Optional[str], int],
        int | str,
        list,
        Enum("Mixed", {"A": 1, "B": "b"}),
    ):
        with pytest.raises(NotAType):
            value_type(annotation)


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: float
    on: date | None


ENCODED = [
    (int, 7.0, 7),
    (int, numpy.int32(7), 7),
    (float, 3, 3.0),
    (float, Decimal("0.5"), 0.5),
    (Colour, Colour.RED, "red"),
    (Colour, "red", "red"),
    (Literal["a", "b"], "a", "a"),
    (UUID, UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (datetime, datetime(2030, 1, 1), datetime(2030, 1, 1, tzinfo=UTC)),
    (set[str], {"x"}, ["x"]),
    (dict[str, int | None], {"x": None}, [("x", None)]),
    (Point, Point(1, None), {"x": 1.0, "on": None}),
    (list[Point], [Point(1, date(2030, 1, 1))], [{"x": 1.0, "on": date(2030, 1, 1)}]),
    (Vector[2], (1, 2), [1.0, 2.0]),
]
REFUSED = [
    (int, 7.5), (int, "secret"), (int, True), (float, "secret"), (bool, 1), (str, 1), (str, b"secret"),
    (date, datetime(2030, 1, 1)), (datetime, date(2030, 1, 1)), (Colour, "secret"), (Literal["a"], "secret"),
    (list[int], "secret"), (Vector[2], [1.0]), (Point, {"x": 1}),
]  # fmt: skip


def test_structs_come_back_as_their_class():
    points = value_type(list[Point])
    assert points.decode([{"x": 1.0, "on": None}]) == [Point(1.0, None)]
    assert value_type(dict[str, Colour]).decode([("a", "red")]) == {"a": Colour.RED}
