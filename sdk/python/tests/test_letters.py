"""Definition errors: all at once, each with its code, the user's file and line, and a fix where there is one."""

import pytest

ONE_CLASS = """
from datetime import datetime
from typing import Optional
from creta import *
from creta import _
from creta.features import *
from creta.sql import *
import creta.functions as F

@features
class Vessel:
    id: int
    flag: str
    draft_m: float
    risk: float
    teu: Windowed[float] = windowed("1d", default=0.0)

@features
class Berth:
    id: int

@features(singleton=True)
class Port:
    open: bool

"""


def place_of(letter: dict) -> tuple[str, int]:
    return letter["place"]["file"], letter["place"]["line"]


def test_everything_is_reported_at_once(project):
    project.write(
        features_py="""
        from datetime import datetime
        from creta import FeatureTime, Primary, feature, features, has_one, DataFrame, _

        @features
        class Vessel:
            id: Primary[int]
            code: Primary[str]
            flag: str = 3
            draft = feature(default=1.0)
            deep: bool = _.draf_m > 2
            draft_m: float
            berth: "Brth"
            tags: set
            home: "Berth.idd"

        @features
        class Berth:
            number: int
            seen: FeatureTime
            heard: FeatureTime
        """,
        resolvers_py="""
        from creta import online
        from features import Berth, Vessel

        @online
        def first(flag: Vessel.flagg) -> Vessel.draft_m:
            return 1.0

        @online
        def second(flag, x: int, y: Berth.number, z: Vessel.flag):
            return 1.0
        """,
        broken_py="import creta\nimport no_such_module\n",
        a_creta_sql="-- resolves: Vesel\n-- source: nowhere\n-- tipe: online\nselect 1",
        b_creta_sql="-- resolves: [\nselect 1",
    )
    letters = project.export().letters
    found = {(letter["code"], *place_of(letter)) for letter in letters}
    assert found == {
        ("primary_key", "features.py", 7),
        ("type_mismatch", "features.py", 8),
        ("annotation", "features.py", 9),
        ("unknown_feature", "features.py", 10),
        ("annotation", "features.py", 12),
        ("annotation", "features.py", 13),
        ("unknown_feature", "features.py", 14),
        ("primary_key", "features.py", 17),
        ("feature_time", "features.py", 20),
        ("unknown_feature", "resolvers.py", 5),
        ("annotation", "resolvers.py", 8),
        ("import_failed", "broken.py", 2),
        ("unknown_feature", "a.creta.sql", 1),
        ("unknown_source", "a.creta.sql", 1),
        ("invalid_definition", "a.creta.sql", 1),
        ("invalid_definition", "b.creta.sql", 1),
    }
    fixes = {letter.get("fix") for letter in letters}
    assert {"Did you mean `flag`?", "Did you mean `Vessel`?", "Did you mean `type`?", "Did you mean `Berth`?"} <= fixes
    assert len([letter for letter in letters if place_of(letter) == ("resolvers.py", 8)]) == 4


CASES = [
    ("duplicate_definition", "@features\nclass Other:\n    id: int\n    id: int  # here"),
    ("duplicate_definition", "@features(name='vessel')\nclass Other:  # here\n    id: int"),
    ("annotation", "@online  # here\ndef f(id: Vessel.id):\n    return 1.0"),
    ("annotation", "@online  # here\ndef f(id) -> Vessel.risk:\n    return 1.0"),
    ("annotation", "@online  # here\ndef f(x: Vessel.teu) -> Vessel.risk:\n    return 1.0"),
    ("unknown_feature", "@online  # here\ndef f(x: Vessel.teu['2d']) -> Vessel.risk:\n    return 1.0"),
    ("annotation", "@online  # here\ndef f(x: DataFrame[Vessel.id]) -> Vessel.risk:\n    return 1.0"),
    ("annotation", "@online  # here\ndef f() -> DataFrame[Vessel.risk]:\n    return 1.0"),
    ("type_mismatch", "@online  # here\ndef f(x: Vessel.flag = 3) -> Vessel.risk:\n    return 1.0"),
    ("invalid_definition", "@features\nclass Other:\n    id: int = feature(max_staleness='soon')  # here"),
    ("expression", "@features\nclass Other:\n    id: bool = _.a and _.b  # here"),
    ("expression", "@features\nclass Other:\n    x: str = F.lowr(_.id)  # here"),
    ("expression", "@features\nclass Other:\n    id: int\n    x: float = Vessel.risk * 2  # here"),
    ("invalid_definition", "@features(name='Bad Name')\nclass Other:  # here\n    id: int"),
    ("primary_key", "@features\nclass Other:\n    id: float  # here"),
    ("ambiguous_join", "@features\nclass Other:\n    id: int\n    vessel: Vessel  # here"),
    ("ambiguous_join", "@features\nclass O:\n    id: int\n    v: Vessel = has_one(lambda: Vessel.id > O.id)  # here"),
    ("ambiguous_join", "@features\nclass O:\n    id: int\n    a: Vessel.id\n    b: Vessel.id\n    v: Vessel  # here"),
    ("type_mismatch", "@features\nclass O:\n    id: int\n    v: Vessel = has_one(lambda: Vessel.flag == O.id)  # here"),
    ("duplicate_definition", "NamedQuery(name='q', output=[Vessel])\nNamedQuery(name='q', output=[Vessel])  # here"),
    ("unknown_feature", "NamedQuery(name='q', output=['vessel.rsk'])  # here"),
    ("annotation", "@online  # here\ndef f(a: Vessel.id, b: Berth.id) -> Vessel.risk:\n    return 1.0"),
    ("annotation", "@online  # here\ndef f(d: DataFrame[Vessel.id, Berth.id]) -> DataFrame[Vessel]:\n    return d"),
    ("duplicate_definition", "@online\ndef f() -> Port.open: ...\n@online  # here\ndef f() -> Port.open: ..."),
    ("annotation", "@features\nclass O:\n    id: int\n    v: DataFrame[Vessel.id]  # here"),
    ("annotation", "@features\nclass O:\n    id: int\n    w: Windowed[float]  # here"),
    ("annotation", "@features\nclass O:\n    id: int\n    w: 'list[Nothing]'  # here"),
    ("unknown_feature", "@features\nclass O:\n    id: int\n    v: 'Vessel.idd'  # here"),
    ("invalid_definition", "PostgreSQLSource(password='hunter2')  # here"),
    ("invalid_definition", "PostgreSQLSource(sslmode='always')  # here"),
    ("invalid_definition", "PostgreSQLSource(host=EnvironmentVariable('MY HOST'))  # here"),
    ("duplicate_definition", "PostgreSQLSource()\nPostgreSQLSource()  # here"),
]


@pytest.mark.parametrize(("code", "text"), CASES)
def test_each_letter(project, code, text):
    source = ONE_CLASS + text
    (line,) = [number for number, content in enumerate(source.lstrip("\n").splitlines(), 1) if "# here" in content]
    letters = project.write(features_py=source).export().letters
    assert {(letter["code"], *place_of(letter)) for letter in letters} == {(code, "features.py", line)}, letters


def test_outside_of_an_export_the_error_is_raised_at_once(tmp_path, monkeypatch):
    from creta import DefinitionError, features

    @features
    class Crane:
        id: int
        reach_m: float

    with pytest.raises(AttributeError, match="Did you mean `reach_m`"):
        str(Crane.reach)
    with pytest.raises(TypeError, match="Did you mean `reach_m`"):
        Crane(reach_mm=3.0)
    with pytest.raises(DefinitionError):

        @features(name="no good")
        class Bad:
            id: int


def test_options_without_effect_are_said(project):
    project.write(features_py=ONE_CLASS + "@online(cron='1h')\ndef f(id: Vessel.id) -> Vessel.risk:\n    return 1.0")
    written = project.export()
    assert written.status == 0
    assert "`cron` of a resolver has no effect yet" in written.stderr


def test_a_failed_import_brings_no_false_letters(project):
    """What the broken module defines is unknown: its users, and what it defined before it failed, are left in peace."""
    exported = project.write(
        features_py=SOURCE_BEFORE + "\nimport nowhere_to_be_found\n",
        resolvers_py="from creta import online\nfrom features import Boat\n\n\n@online\n"
        "def tall(id: Boat.id) -> Boat.tall:\n    return id > 1\n",
        boats_creta_sql="-- resolves: Boat\n-- source: port\nselect id from boats\n",
    ).export()
    assert {(letter["code"], *place_of(letter)) for letter in exported.letters} == {
        ("import_failed", "features.py", 14)
    }


SOURCE_BEFORE = """from creta.features import Primary, features
from creta.sql import SQLiteSource

port = SQLiteSource(name="port", path="port.sqlite")


@features
class Boat:
    id: Primary[int]
    tall: bool


"""


def test_sources_that_are_not_built_are_told_at_their_line(project):
    exported = project.write(
        features_py="from creta import Cron\nfrom creta.features import Primary, features\n"
        "from creta.sql import SnowflakeSource\nfrom creta.streams import KafkaSource\n\n"
        'lake = SnowflakeSource(name="lake", account="x")\nCron("1d")\nevents = KafkaSource(topic="t")\n\n\n'
        "@features\nclass Boat:\n    id: Primary[int]\n",
        boats_creta_sql="-- resolves: Boat\n-- source: lake\nselect id from boats\n",
    ).export()
    assert sorted((letter["message"].split("`")[1], *place_of(letter)) for letter in exported.letters) == [
        ("Cron", "features.py", 7),
        ("KafkaSource", "features.py", 8),
        ("SnowflakeSource", "features.py", 6),
    ]
