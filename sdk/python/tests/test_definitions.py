"""Types kept as text, encoders, metadata helpers, and the faults of arguments that are misspelled or not supported."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pyarrow
import pytest
from test_letters import ONE_CLASS, place_of

from creta import JSON, Document, FeatureTime, Primary, Vector, features
from creta.definition.conversions import declared_type
from creta.definition.declarations import feature
from creta.definition.value_types import NotAType, value_type
from creta.introspection import description, is_feature_time, is_primary, owner, tags


@dataclass
class Address:
    street: str
    since: date | None
    seen: list[datetime]
    raw: bytes


@dataclass
class NewAddress:
    street: str
    country: str | None


def test_documents_and_json():
    kept = value_type(Document[Address])
    address = Address("Quay 1", date(2030, 1, 1), [datetime(2030, 1, 1, tzinfo=UTC)], b"\x00x")
    assert kept.data_type == "str" and kept.decode(kept.encode(address)) == address
    # Fields may come and go.
    assert value_type(Document[NewAddress]).decode(kept.encode(address)) == NewAddress("Quay 1", None)
    with pytest.raises(TypeError):
        kept.encode({"street": "x"})
    with pytest.raises(NotAType):
        value_type(Document[int])
    anything = value_type(JSON)
    assert anything.data_type == "str" and anything.encode({"a": [1, None]}) == '{"a":[1,null]}'
    assert anything.decode('{"a":[1,null]}') == {"a": [1, None]}
    for wrong in (object(), float("nan")):
        with pytest.raises(TypeError, match="JSON"):
            anything.encode(wrong)


class Money:
    def __init__(self, cents: int):
        self.cents = cents


def to_cents(value: Money) -> int:
    return value.cents


def test_encoders_and_arrow_types():
    found = declared_type(Money, feature(encoder=to_cents, decoder=Money))
    assert found.data_type == "int" and found.encode(Money(5)) == 5 and found.decode(5).cents == 5
    with pytest.raises(TypeError, match="encoder raises AttributeError"):
        found.encode(3)
    untyped = feature(encoder=lambda value: str(value.cents), decoder=Money, dtype=pyarrow.large_string())
    assert declared_type(Money, untyped).encode(Money(5)) == "5"
    assert declared_type(int, feature(dtype=pyarrow.int64())).data_type == "int"
    refused = [
        (Money, feature(encoder=to_cents)), (Money, feature(decoder=Money)),
        (Money, feature(encoder=lambda value: 1, decoder=Money)), (int, feature(dtype=pyarrow.int8())),
        (int, feature(dtype=pyarrow.float64())), (int, feature(dtype="int64")),
    ]  # fmt: skip
    for annotation, options in refused:
        with pytest.raises(NotAType):
            declared_type(annotation, options)


def test_precisions_of_vectors():
    assert value_type(Vector["fp32", 2]).data_type == value_type(Vector[2]).data_type == {"vector": 2}
    for wrong, words in (
        (Vector["f32", 2], "spelled `fp32`"),
        (Vector["fp64", 2], "not supported"),
        (Vector[0], "needs"),
    ):
        with pytest.raises(NotAType, match=words):
            value_type(wrong)


@features(owner="class@x", tags=["one"], description="A quay.")
class Wharf:
    number: Primary[int]
    # How deep it is.
    # :tags: two
    depth: float
    name: str = feature(owner="own@x", tags="three", description="Its name.", name="label")
    at: FeatureTime


def test_what_features_say_about_themselves():
    assert (description(Wharf.depth), description(Wharf.name), description(Wharf)) == (
        "How deep it is.",
        "Its name.",
        "A quay.",
    )
    assert (owner(Wharf.depth), owner(Wharf.name), tags(Wharf.depth)) == ("class@x", "own@x", ["one", "two"])
    assert tags("wharf.label") == ["one", "three"] and str(Wharf.name) == "wharf.label"
    assert [is_primary(each) for each in (Wharf.number, Wharf.depth)] == [True, False]
    assert [is_feature_time(each) for each in (Wharf.at, Wharf.depth)] == [True, False]
    with pytest.raises(LookupError):
        owner("wharf.nothing")


RESOLVER = "# here\ndef f(id: Vessel.id) -> Vessel.risk:\n    return 1.0"
# (code, words of the fix or the message, the definition)
CASES = [
    ("invalid_definition", "`environment`", "@online(environments=['x'])  " + RESOLVER),
    ("invalid_definition", "`timeout`", "@online(timeot='1s')  " + RESOLVER),
    ("invalid_definition", "dedup_any", "@online(handle_duplicate_outputs='never')  " + RESOLVER),
    ("invalid_definition", "True or False", "@online(total='yes')  " + RESOLVER),
    ("invalid_definition", "positive", "@online(max_batch_size=0)  " + RESOLVER),
    ("annotation", "DataFrame", "@online(max_batch_size=5)  " + RESOLVER),
    ("invalid_definition", "out", "@online(static=True)  " + RESOLVER),
    ("invalid_definition", "out", "@online(accelerate_python='require')  " + RESOLVER),
    ("invalid_definition", "io", "@online(resource_hint='fast')  " + RESOLVER),
    ("invalid_definition", "one-to-one", "@online(output_row_order='any')  " + RESOLVER),
    ("invalid_definition", "list", "@online(tags=3)  " + RESOLVER),
    ("annotation", "unique_on", "@online(unique_on=[Vessel.flag])  " + RESOLVER),
    ("annotation", "partitioned_by", "@online(partitioned_by=Vessel.id)  " + RESOLVER),
    ("annotation", "last value", "@online  # here\ndef f(x: Last[int]) -> Vessel.risk:\n    return 1.0"),
    ("invalid_definition", "now: Now",
     "@online\ndef f(x: Vessel.id,\n    y: Vessel.draft_m = datetime.now().timestamp()) -> Vessel.risk:  # here\n"
     "    return 1.0"),
    ("invalid_definition", "`output`", "NamedQuery(name='q', outputs=[Vessel.id])  # here"),
    ("invalid_definition", "`sql`", "from creta.sql import *\nmake_sql_file_resolver('x', query='select 1')  # here"),
    ("invalid_definition", "`max_staleness`", "@features\nclass O:\n    id: int = feature(max_stalenes='1h')  # here"),
    ("invalid_definition", "out", "@features(part_of='Vessel')  # here\nclass O:\n    id: int"),
    ("invalid_definition", "singleton",
     "@features(singleton=True, online_store_config=object())  # here\nclass O:\n    x: int"),
    ("invalid_definition", "evict_nulls", "@features\nclass O:\n    id: int = feature(cache_nulls='no')  # here"),
    ("invalid_definition", "name", "@features\nclass O:\n    id: int = feature(name='a.b')  # here"),
    ("invalid_definition", "underscore", "@features\nclass O:\n    id: int\n    _x: int  # here"),
    ("invalid_definition", "expression",
     "@features\nclass O:\n    id: int\n    x: Windowed[int] = windowed('1d', materialization=True)  # here"),
    ("invalid_definition", "bucket_duration",
     "@features\nclass O:\n    id: int\n    x: Windowed[int] = windowed('1d', expression=_.id, "
     "materialization={'bucket_duraton': '1h'})  # here"),
    ("invalid_definition", "twice",
     "@features\nclass O:\n    id: int\n    x: Windowed[int] = windowed('1d', '24h')  # here"),
    ("annotation", "fp32", "@features\nclass O:\n    id: int\n    x: Vector['f32', 3]  # here"),
    ("annotation", "Quote", "@offline\ndef f(x: DataFrame['vessel.id']) -> DataFrame[Vessel]: ...  # here"),
    ("invalid_definition", "parameters", "@before_all  # here\ndef f(x): ..."),
]  # fmt: skip


@pytest.mark.parametrize(("code", "words", "text"), CASES)
def test_each_letter(project, code, words, text):
    source = ONE_CLASS + text
    (line,) = [number for number, content in enumerate(source.lstrip("\n").splitlines(), 1) if "# here" in content]
    letters = project.write(features_py=source).export().letters
    (letter,) = letters
    assert (letter["code"], *place_of(letter)) == (code, "features.py", line), letters
    assert words in letter["message"] + (letter.get("fix") or "")


def test_whole_rows_of_a_has_one_and_warnings(project):
    written = project.write(
        features_py="""
        from creta import *
        @features
        class Berth:
            id: int
            name: str
        @features
        class Vessel:
            id: int
            berth_id: Berth.id | None
            berth: Berth | None
            label: str
            old: str = feature(deprecated=True)
        @online
        def label(b: Vessel.berth, old: Vessel.old) -> Vessel.label:
            return b.name
        """
    ).export()
    (resolver,) = written.bundle["resolvers"]
    first, second, _old = resolver["body"]["python"]["parameters"]
    assert (first["name"], first["input"]["feature"]["path"]) == ("b.id", "berth.id")
    assert (second["name"], second["input"]["feature"]["path"]) == ("b.name", "berth.name")
    assert "uses `vessel.old`, which is deprecated" in written.stderr


def test_words_in_annotations_become_filters(project):
    source = """
        {future}
        from creta import *
        @features
        class Vessel:
            id: int
            calls: "DataFrame[Call]"
            n: int
        @features
        class Call:
            id: int
            vessel_id: Vessel.id
            teu: int
            flag: str | None
        @online
        def n(calls: Vessel.calls[Call.id, Call.teu > 3 and Call.flag not in ["a"] or Call.flag is None]) -> Vessel.n:
            return 1
        """
    filters = []
    for future in ("", "from __future__ import annotations"):
        written = project.write(features_py=source.format(future=future)).export()
        (resolver,) = written.bundle["resolvers"]
        filters.append(resolver["body"]["python"]["parameters"][0]["input"]["has_many"]["filters"])
    assert filters[0] == filters[1]
    (found,) = filters[0]
    assert found["call"]["function"] == "|"
    both, absent = found["call"]["arguments"]
    assert (both["call"]["function"], absent["call"]["function"]) == ("&", "is_null")
