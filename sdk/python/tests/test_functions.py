"""The catalogue of functions: what is offered has expected values and is documented, what is not built says so."""

import importlib.util
import inspect
import json
import pydoc
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import creta.functions as F
from creta import _
from creta.definition.expressions import AGGREGATES
from creta.definition.letters import DefinitionError
from creta.functions.declaring import ENTRIES, FUNCTIONS
from creta.functions.methods import METHODS, UNBUILT_METHODS
from creta.functions.unbuilt import UNBUILT

ROOT = Path(__file__).resolve().parents[3]
CASES = [
    case
    for path in sorted((ROOT / "crates/engine/tests/functions/expected").glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))
]
# Their results are drawn, so that no value can be expected.
RANDOM = {"rand", "random"}
# Built with methods and keywords of their own.
SPECIAL = {"when", "cast", "struct_pack", "map_dict", "array_filter", "array_transform", "array_reduce", "zip_with"}


def constant(argument: dict):
    """A constant argument as a user would write it."""
    value = argument["constant"]
    if argument["type"] == "datetime":
        return datetime.fromisoformat(value)
    if argument["type"] == "timedelta":
        return timedelta(microseconds=value)
    return value


def test_every_function_has_expected_values():
    expected = {case.get("function") or case["aggregate"] for case in CASES}
    expected |= {"sort_order" for case in CASES if "order" in case}
    assert set(FUNCTIONS) - RANDOM <= expected
    assert {case["function"] for case in CASES if "function" in case} <= set(FUNCTIONS)


def test_every_aggregate_is_described_and_has_expected_values():
    described = {name for method in METHODS for name in method.names}
    assert described == AGGREGATES - set(UNBUILT_METHODS)
    assert {case["aggregate"] for case in CASES if "aggregate" in case} == described | {"head"}


@pytest.mark.parametrize("name", sorted({case["function"] for case in CASES if "function" in case} - SPECIAL))
def test_calls_have_the_arguments_of_the_expected_values(name):
    for case in (case for case in CASES if case.get("function") == name):
        given = [constant(part) if "constant" in part else getattr(_, f"column_{place}")
                 for place, part in enumerate(case["arguments"])]  # fmt: skip
        try:
            built = FUNCTIONS[name](*given, **case["options"])._creta_node["call"]
        except DefinitionError:
            # A constant that cannot be meant is refused before anything is asked.
            rows = zip(case["result"]["values"], case["raises"], strict=True)
            assert all(value is None for value, _raised in rows) and any(case["raises"])
            continue
        assert built["function"] == name and len(built["arguments"]) == len(case["arguments"])
        for node, part in zip(built["arguments"], case["arguments"], strict=True):
            assert ("literal" in node) == ("constant" in part)
        assert built.get("options", {}) == {key: {"str": value} for key, value in case["options"].items()}


def test_reference_page_and_examples_are_current():
    path = ROOT / "scripts/document_functions.py"
    spec = importlib.util.spec_from_file_location("document_functions", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for file, text in script.wanted().items():
        assert file.read_text(encoding="utf-8") == text, f"{file} is not current; run scripts/document_functions.py"


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_help_says_what_the_reference_says(name):
    entry = ENTRIES[name]
    shown = pydoc.render_doc(getattr(F, name), renderer=pydoc.plaintext)
    assert f"{name}{entry.signature}" in shown and entry.meaning in shown and entry.nulls in shown
    assert name in RANDOM or f"Example: {entry.example}" in shown
    assert entry.meaning.endswith((".", "`", "…"))
    assert inspect.signature(getattr(F, name)) == entry.signature


def test_what_is_not_built_says_so():
    assert not set(UNBUILT) & set(FUNCTIONS)
    for name in UNBUILT:
        with pytest.raises(DefinitionError, match="is not built yet"):
            getattr(F, name)
    with pytest.raises(DefinitionError, match=r"There is no function `lowr`. Did you mean `lower`\?"):
        F.lowr  # noqa: B018


def test_constants_are_checked_where_they_are_written():
    for build in (
        lambda: F.date_trunc(_.at, "decade"),
        lambda: F.between(_.x, 1, 2, "inner"),
        lambda: F.array_mode(_.xs, "LAST"),
        lambda: F.string_to_bytes(_.s, "latin-1"),
        lambda: F.current_bucket_start(_.at, "soon"),
        lambda: F.map_dict(3, _.x),
        lambda: F.max_by([1, 2], _.at),
    ):
        with pytest.raises(DefinitionError) as caught:
            build()
        assert caught.value.letters[0].place.file == __file__


def test_lambdas_are_expressions_of_their_parameters():
    for case in CASES:
        for part in case.get("arguments", []):
            if part["type"] == "lambda":
                count = part["expression"]["call"]["options"]["parameters"]["int"]
                built = F.zip_with(*[_.xs] * count, fn=eval(part["written"]))._creta_node["call"]["arguments"][-1]
                assert built == part["expression"]
    inner = F.array_filter(_.xs, lambda x: F.contains(F.array_transform(_.ys, lambda y: x + y), 3))._creta_node
    assert [node["options"]["depth"]["int"] for node in calls_of("parameter", inner)] == [0, 1]
    assert [node["options"]["depth"]["int"] for node in calls_of("lambda", inner)] == [0, 1]
    with pytest.raises(DefinitionError, match="must be a function of 2 items"):
        F.array_reduce(_.xs, 0, int, lambda x: x)


def calls_of(function: str, node) -> list[dict]:
    """The calls of a function in a tree, outermost and leftmost first."""
    if isinstance(node, list):
        return [found for part in node for found in calls_of(function, part)]
    if not isinstance(node, dict):
        return []
    own = [node["call"]] if node.get("call", {}).get("function") == function else []
    return own + [found for part in node.values() for found in calls_of(function, part)]


def test_an_order_of_rows_has_a_setting_per_key():
    order = F.sort_order(_.day, _.teu, descending=[True, False])._creta_node["call"]
    assert order["options"]["descending"] == {"list": [{"bool": True}, {"bool": False}]}
    assert order["options"]["nulls"] == {"list": [{"str": "last"}, {"str": "last"}]}
    for build in (
        lambda: F.sort_order(),
        lambda: F.sort_order(_.a, nulls="middle"),
        lambda: F.sort_order(_.a, nulls=[]),
    ):
        with pytest.raises(DefinitionError):
            build()


def test_calls_that_are_built_in_their_own_way():
    assert F.between(_.x, 1, 2, "left")._creta_node["call"]["options"] == {"inclusive": {"str": "left"}}
    hour = F.current_bucket_start(_.at, "1h")._creta_node["call"]["arguments"][1]
    assert hour == {"literal": {"timedelta": 3_600_000_000}}
    looked_up = F.map_dict({"a": 1}, _.x, default=0)._creta_node["call"]["arguments"]
    assert looked_up[0] == {"literal": {"map": [[{"str": "a"}, {"int": 1}]]}} and len(looked_up) == 3
    assert F.max_by(_.calls[_.teu], _.at)._creta_node == _.calls[_.teu].max_by(_.at)._creta_node
    assert F.head(_.calls[_.teu], 3)._creta_node["aggregate"]["of"]["rows"]["limit"] == 3
    held = F.parse_datetime(_.s, format="yyyy")._creta_node["call"]["arguments"]
    assert held[1] == {"literal": {"str": "yyyy"}}
    placed = F.current_bucket_end(_.at, "1h", initial=_.opened)._creta_node["call"]["arguments"]
    assert len(placed) == 3
