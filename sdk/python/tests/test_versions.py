"""Versions, validations and grouped windows: what a project exports of them, and which definitions are refused."""

import pytest
from test_letters import ONE_CLASS, place_of

PROJECT = """
    from creta import *
    from creta import _

    @features
    class Vessel:
        id: int
        flag: str = feature(min_length=2, max_length=2, strict=True)
        draft_m: float = feature(min=0.5, validations=[Validation(max=30, strict=True)])
        risk: float = feature(version=3, default_version=2)
        size: int = feature(versions={1: feature(expression=_.id * 2), 2: feature(default=4, max=7)})
        both: float = _.risk @ 1 + _.risk
        calls: "DataFrame[PortCall]"
        teu: Windowed[float] = feature(versions={1: windowed("1d"), 2: windowed("1d", default=1.0)})
        day: float = _.teu["1d"] @ 2
        visits: DataFrame = group_by_windowed(
            "1d", "7d", expression=_.calls[_.at > _.chalk_window].group_by(_.berth_id).count(), default=0
        )
        home: int = _.visits["1d", _.berth_id == _.id]

    @features
    class PortCall:
        id: int
        vessel_id: Vessel.id
        berth_id: int = feature(name="berth_no")
        at: FeatureTime

    @online
    def old(a: Vessel.risk @ 1, b: Vessel.teu["1d"] @ 2, c: Vessel.visits["7d", PortCall.berth_id == 4]) -> Features[
        Vessel.risk @ 3, Vessel.risk
    ]:
        return Vessel(risk=1.0, **{"risk@3": 2.0})

    NamedQuery(name="q", input=[Vessel.id], output=["vessel.risk@3", Vessel.risk @ 1, Vessel.teu @ 2, Vessel.size])
    assert str(Vessel.risk @ 2) == "vessel.risk@2" and str(Vessel.teu["1d"] @ 2) == "vessel.teu__86400__@2"
    assert str((Vessel.teu @ 2)["1d"]) == "vessel.teu__86400__@2"
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    from conftest import ProjectFolder

    return ProjectFolder(tmp_path_factory.mktemp("versions") / "project").write(features_py=PROJECT).export().bundle


def features_of(bundle, namespace, name):
    (entity,) = [entity for entity in bundle["entities"] if entity["namespace"] == namespace]
    return [feature for feature in entity["features"] if feature["name"] == name]


def test_a_version_is_a_feature_of_its_own(bundle):
    versions = features_of(bundle, "vessel", "risk")
    assert [(feature["version"], feature["default_version"]) for feature in versions] == [(1, 2), (2, 2), (3, 2)]
    first, second = features_of(bundle, "vessel", "size")
    assert "expression" in first["kind"]["scalar"] and second["kind"]["scalar"]["default"] == {"int": 4}
    assert "validations" not in first["kind"]["scalar"] and second["kind"]["scalar"]["validations"] == [{"max": 7.0}]
    (unversioned,) = features_of(bundle, "vessel", "both")
    assert unversioned.keys() == {"name", "kind", "place"} and "validations" not in unversioned["kind"]["scalar"]
    left, right = unversioned["kind"]["scalar"]["expression"]["call"]["arguments"]
    assert (left["attribute"]["name"], right["attribute"]["name"]) == ("risk@1", "risk")
    (day,) = features_of(bundle, "vessel", "day")
    assert day["kind"]["scalar"]["expression"]["window"]["of"]["attribute"]["name"] == "teu@2"


def test_resolvers_and_queries_name_versions(bundle):
    (resolver,) = bundle["resolvers"]
    body = resolver["body"]["python"]
    assert body["outputs"] == ["risk@3", "risk"]
    paths = [parameter["input"]["feature"]["path"] for parameter in body["parameters"]]
    assert paths == ["risk@1", "teu__86400__@2", "visits__604800__"]
    (query,) = bundle["named_queries"]
    assert query["output"] == ["vessel.risk@3", "vessel.risk@1", "vessel.teu__86400__@2", "vessel.size"]


def test_limits_are_exported_where_there_are_some(bundle):
    flag, draft = (features_of(bundle, "vessel", name)[0]["kind"]["scalar"] for name in ("flag", "draft_m"))
    assert flag["validations"] == [{"min_length": 2, "max_length": 2, "strict": True}]
    assert draft["validations"] == [{"min": 0.5}, {"max": 30.0, "strict": True}]


def test_grouped_windows(bundle):
    (visits,) = features_of(bundle, "vessel", "visits")
    body = visits["kind"]["windowed"]
    assert (body["group_by"], body["scalar"]["type"]) == (["berth_no"], "int")
    aggregate = body["scalar"]["expression"]["aggregate"]
    grouped = aggregate["of"]["group_by"]
    assert aggregate["function"] == "count" and "rows" in grouped["of"]
    assert grouped["keys"] == [{"attribute": {"name": "berth_no", "of": "this"}}]
    (home,) = features_of(bundle, "vessel", "home")
    window = home["kind"]["scalar"]["expression"]["window"]
    assert window["group"] == {"berth_no": {"attribute": {"name": "id", "of": "this"}}}
    parameter = bundle["resolvers"][0]["body"]["python"]["parameters"][2]
    assert parameter["input"]["feature"]["group"] == {"berth_no": {"literal": {"int": 4}}}


CLASS = "@features\nclass Other:\n    id: int\n    calls: DataFrame[Child]\n    x: "
CHILD = "\n@features\nclass Child:\n    id: int\n    other: Other.id\n    n: int\n"
CASES = [
    ("unknown_feature", "float = _.id @ 2  # here"),
    ("unknown_feature", "float = feature(version=2)\n    y: float = _.x @ 3  # here"),
    ("invalid_definition", "float = feature(version=2, default_version=3)  # here"),
    ("invalid_definition", "float = feature(version=0)  # here"),
    ("invalid_definition", "float = feature(version=2, versions={1: feature()})  # here"),
    ("invalid_definition", "float = feature(versions={1: feature(name='y')})  # here"),
    ("invalid_definition", "float = feature(versions={1: feature(), 2: windowed('1d')})  # here"),
    ("invalid_definition", "Windowed[float] = windowed('1d', version=2)  # here"),
    ("invalid_definition", "Primary[int] = feature(version=2)  # here"),
    ("invalid_definition", "FeatureTime = feature(version=2)  # here"),
    ("invalid_definition", "float = _.id @ 'two'  # here"),
    ("invalid_definition", "float = feature(min=3, max=2)  # here"),
    ("invalid_definition", "int = feature(min_length=2)  # here"),
    ("invalid_definition", "str = feature(min=2)  # here"),
    ("invalid_definition", "str = feature(max_length=-1)  # here"),
    ("invalid_definition", "str = feature(strict=True)  # here"),
    ("invalid_definition", "float = feature(validations=[3])  # here"),
    ("invalid_definition", "float = feature(min=float('nan'))  # here"),
    ("expression", "int = _.calls.group_by(_.n).count()  # here"),
    ("expression", "DataFrame = group_by_windowed('1d', expression=_.calls.count())  # here"),
    ("expression", "DataFrame = group_by_windowed('1d', expression=_.calls.group_by(_.n + 1).count())  # here"),
    ("unknown_feature", "DataFrame = group_by_windowed('1d', expression=_.calls.group_by(_.m).count())  # here"),
    ("annotation", "DataFrame  # here"),
    ("annotation", "DataFrame = group_by_windowed('1d', expression=_.calls[_.n].group_by(_.n).array_agg())  # here"),
    ("expression", "DataFrame = group_by_windowed('1d', expression=_.calls.group_by(_.n).count())\n"
                   "    y: int = _.x['1d']  # here"),
    ("expression", "DataFrame = group_by_windowed('1d', expression=_.calls.group_by(_.n).count())\n"
                   "    y: int = _.x['1d', _.n > 3]  # here"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text"), CASES)
def test_each_letter(project, code, text):
    primary = "Primary" in text
    source = ONE_CLASS + (CLASS.replace("    id: int\n", "    key: str\n") if primary else CLASS) + text + CHILD
    source = source.replace("other: Other.id", "other: Other.x") if primary else source
    source = source.replace("DataFrame[Child]", '"DataFrame[Child]"')
    (line,) = [number for number, content in enumerate(source.lstrip("\n").splitlines(), 1) if "# here" in content]
    letters = project.write(features_py=source).export().letters
    assert (code, "features.py", line) in {(letter["code"], *place_of(letter)) for letter in letters}, letters


def test_unique_on_names_outputs(project):
    source = ONE_CLASS + ("@offline(unique_on=[Vessel.id])\ndef f() -> DataFrame[Vessel.id, Vessel.risk]: ...\n")
    (resolver,) = project.write(features_py=source).export().bundle["resolvers"]
    assert resolver["unique_on"] == ["id"]


def test_the_default_version_is_called_by_its_bare_name(project):
    source = ONE_CLASS + (
        "@features\nclass Other:\n    id: int\n    x: float = feature(version=2, default_version=2)\n"
        "    y: float = _.x @ 2 + _.x @ 1\n"
        "@online\ndef f(id: Other.id) -> Features[Other.x @ 2, Other.x @ 1]: ...\n"
    )
    bundle = project.write(features_py=source).export().bundle
    assert bundle["resolvers"][0]["body"]["python"]["outputs"] == ["x", "x@1"]
    (y,) = features_of(bundle, "other", "y")
    assert [side["attribute"]["name"] for side in y["kind"]["scalar"]["expression"]["call"]["arguments"]] == [
        "x",
        "x@1",
    ]
