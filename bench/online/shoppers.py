"""The rows under load: what every feature of a key is worth, the upload, and the proof that answers are right."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from failure import BenchFailed

if TYPE_CHECKING:
    from creta import CretaClient

KEY = "shopper.id"
EXPRESSION = "shopper.spend_per_visit"
FROM_PYTHON = "shopper.greeting"

FLOATS = (
    "spend_1d", "spend_7d", "spend_30d", "spend_lifetime", "basket_mean", "basket_largest", "discount_share",
    "return_rate", "latitude", "longitude",
)  # fmt: skip
INTEGERS = (
    "visits_1d", "visits_7d", "visits_30d", "orders_lifetime", "support_tickets", "account_age_days", "loyalty_points",
)  # fmt: skip
TEXTS = ("country", "city", "favourite_brand", "device", "referrer")
BOOLEANS = ("is_member", "has_newsletter", "is_business")
STORED = tuple(f"shopper.{name}" for name in (*FLOATS, *INTEGERS, *TEXTS, *BOOLEANS))
OUTPUTS = (*STORED, EXPRESSION)

BATCH = 2_000


def row(key: int) -> dict[str, float | int | str | bool]:
    """The stored features of one key; no two neighbours agree, and no visit count is zero."""
    values: dict[str, float | int | str | bool] = {}
    for place, name in enumerate(FLOATS):
        values[f"shopper.{name}"] = (key * 37 + place * 101) % 100_003 / 7
    for place, name in enumerate(INTEGERS):
        values[f"shopper.{name}"] = (key * 13 + place * 17) % 9_973 + 1
    for place, name in enumerate(TEXTS):
        values[f"shopper.{name}"] = f"{name} {(key * 7 + place) % 1_009:04}"
    for place, name in enumerate(BOOLEANS):
        values[f"shopper.{name}"] = (key >> place) % 2 == 0
    return values


def expected(key: int) -> dict[str, float | int | str | bool]:
    """Everything that the load asks of one key."""
    values = row(key)
    return {**values, EXPRESSION: values["shopper.spend_30d"] / values["shopper.visits_30d"]}


def batches(keys: Sequence[int], size: int = BATCH) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def upload(client: "CretaClient", keys: Sequence[int]) -> None:
    """Stores the rows of these keys."""
    rows = [row(key) for key in keys]
    columns = {name: [values[name] for values in rows] for name in STORED}
    errors = client.multi_upload_features({KEY: list(keys), **columns}, show_progress=False)
    _refuse(errors)


def warm(client: "CretaClient", keys: Sequence[int]) -> None:
    """Reads these keys once, in one request, and checks the first column and the last."""
    result = client.query_bulk(input={KEY: list(keys)}, output=[*OUTPUTS], show_progress=False)
    _refuse(result.errors)
    table = result.to_arrow()
    for name in (OUTPUTS[0], OUTPUTS[-1]):
        found = table[name].to_pylist()
        for key, value in zip(keys, found, strict=True):
            _compare(key, name, expected(key)[name], value)


def check(client: "CretaClient", keys: int, count: int, seed: int) -> None:
    """Asks for `count` random keys as the load does, and compares every value; then asks the Python workers."""
    chosen = random.Random(seed).sample(range(keys), min(count, keys))
    for key in chosen:
        result = client.query(input={KEY: key}, output=[*OUTPUTS])
        _refuse(result.errors)
        for name, value in expected(key).items():
            _compare(key, name, value, result.get_feature_value(name))
    _check_workers(client, chosen[0])


def origins(client: "CretaClient", key: int) -> tuple[int, int]:
    """How many outputs of the load came from the online store, and how many were computed."""
    result = client.query(input={KEY: key}, output=[*OUTPUTS], include_meta=True)
    hits = [bool(output.meta and output.meta.cache_hit) for output in result.data]
    return sum(hits), len(hits) - sum(hits)


def _check_workers(client: "CretaClient", key: int) -> None:
    result = client.query(input={KEY: key}, output=[FROM_PYTHON])
    _refuse(result.errors)
    values = row(key)
    wanted = f"{values['shopper.orders_lifetime']} orders to {values['shopper.city']}"
    _compare(key, FROM_PYTHON, wanted, result.get_feature_value(FROM_PYTHON))


def _compare(key: int, name: str, wanted: object, found: object) -> None:
    close = isinstance(wanted, float) and isinstance(found, float) and math.isclose(wanted, found, rel_tol=1e-12)
    if not close and (wanted != found or type(wanted) is not type(found)):
        raise BenchFailed(f"Key {key}: {name} is {found!r}, but {wanted!r} was stored. No figure would mean anything.")


def _refuse(errors: Sequence[object] | None) -> None:
    if errors:
        raise BenchFailed("The server answered with errors:\n" + "\n".join(str(error) for error in errors[:5]))
