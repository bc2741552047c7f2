"""The committed values are what the references answer today."""

import json
import math
from pathlib import Path

import pytest
from generate import FAMILIES, rendered

EXPECTED = Path(__file__).resolve().parent / "expected"


@pytest.mark.parametrize("family", FAMILIES)
def test_the_references_still_answer_the_same(family):
    committed = json.loads((EXPECTED / f"{family}.json").read_text(encoding="utf-8"))
    today = json.loads(rendered(family))
    assert len(today) == len(committed)
    for new, old in zip(today, committed, strict=True):
        assert equal(new, old, old.get("tolerance", 0.0)), (new, old)


def test_no_file_is_forgotten():
    assert sorted(FAMILIES) == sorted(path.stem for path in EXPECTED.glob("*.json"))


def equal(new, old, tolerance: float) -> bool:
    """The same JSON, with floats as near as the case allows."""
    if isinstance(new, float) and isinstance(old, float):
        return math.isclose(new, old, rel_tol=tolerance) and math.copysign(1, new) == math.copysign(1, old)
    if type(new) is not type(old):
        return False
    if isinstance(new, dict):
        return list(new) == list(old) and all(equal(new[key], old[key], tolerance) for key in new)
    if isinstance(new, list):
        return len(new) == len(old) and all(equal(*pair, tolerance) for pair in zip(new, old, strict=True))
    return new == old
