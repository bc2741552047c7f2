"""Makes the data that every contestant reads: observations of accounts and a spine, the same for the same sizes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy
import pyarrow
import pyarrow.parquet

SEED = 25
DAY = 86_400_000_000
START = 1_735_689_600_000_000  # 2025-01-01 in microseconds since 1970; no data is older.
DAYS = 120
WINDOWS = {"1h": DAY // 24, "1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
ROW_GROUP = 250_000
TIME = pyarrow.timestamp("us", tz="UTC")

# Shares of the spine. The rest asks at a random time for an account, drawn as observations are or uniformly.
TOO_EARLY, UNKNOWN, AT_INSTANT, AT_EDGE, BEFORE_EDGE = 0.01, 0.01, 0.05, 0.04, 0.04
TIED = 0.005


@dataclass(frozen=True)
class Sizes:
    observations: int
    spine: int

    @property
    def accounts(self) -> int:
        return max(10, self.observations // 100)


@dataclass(frozen=True)
class Data:
    """The files, and what kind each row of the spine is of."""

    observations: Path
    spine: Path
    kinds: Path


def make(sizes: Sizes, folder: Path) -> Data:
    """Writes the files unless they are there already."""
    place = folder / f"observations-{sizes.observations}-spine-{sizes.spine}"
    data = Data(place / "observations.parquet", place / "spine.parquet", place / "kinds.npy")
    stamp = place / "made.json"
    wanted = json.dumps({**asdict(sizes), "seed": SEED, "recipe": Path(__file__).read_text(encoding="utf-8")})
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return data
    place.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    random = numpy.random.default_rng(SEED)
    accounts, times = _observations(random, sizes, data.observations)
    _spine(random, sizes, accounts, times, data)
    stamp.write_text(wanted, encoding="utf-8")
    return data


def _skewed(random: numpy.random.Generator, accounts: int, rows: int) -> numpy.ndarray:
    """A tenth of the rows belongs to a hundredth of the accounts."""
    return (accounts * random.random(rows) ** 2).astype(numpy.int64)


def _observations(random: numpy.random.Generator, sizes: Sizes, path: Path) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Writes them in the order of time, as a log would have them, and returns their accounts and times."""
    rows = sizes.observations
    accounts = _skewed(random, sizes.accounts, rows)
    times = START + random.integers(0, DAYS * DAY, rows)
    tied = max(1, int(rows * TIED))
    accounts[-tied:], times[-tied:] = accounts[:tied], times[:tied]
    order = numpy.lexsort((times, accounts))
    accounts, times = accounts[order], times[order]
    amounts, balances = _values(random, accounts, times)
    order = numpy.argsort(times, kind="stable")
    accounts, times = accounts[order], times[order]
    table = pyarrow.table({
        "id": numpy.arange(rows, dtype=numpy.int64),
        "account_id": accounts,
        "amount": amounts[order],
        "balance": balances[order],
        "happened_at": pyarrow.array(times, TIME),
    })  # fmt: skip
    pyarrow.parquet.write_table(table, path, row_group_size=ROW_GROUP)
    return accounts, times


def _values(
    random: numpy.random.Generator, accounts: numpy.ndarray, times: numpy.ndarray
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Quarters, whose sums are exact in any order: a cell that differs is a wrong row in a window, never rounding.

    Observations of one account at one instant carry the same values, so that "the newest" is never a matter of taste.
    """
    fresh = numpy.ones(len(accounts), dtype=bool)
    fresh[1:] = (accounts[1:] != accounts[:-1]) | (times[1:] != times[:-1])
    instant = numpy.cumsum(fresh) - 1
    amounts = random.integers(1, 4_000, instant[-1] + 1) / 4
    balances = (instant // 8 * 37 + accounts * 11) % 40_000 / 4
    return amounts[instant], balances[numpy.flatnonzero(fresh)][instant]


def _spine(
    random: numpy.random.Generator, sizes: Sizes, accounts: numpy.ndarray, times: numpy.ndarray, data: Data
) -> None:
    rows = sizes.spine
    kinds = random.choice(6, rows, p=_shares()).astype(numpy.int8)
    uniform = random.random(rows) < 0.5
    asked = numpy.where(
        uniform, random.integers(0, sizes.accounts, rows), _skewed(random, sizes.accounts, rows)
    )
    at = START + random.integers(0, (DAYS + 5) * DAY, rows)
    at[kinds == 1] = START - 1 - random.integers(0, DAY, int((kinds == 1).sum()))
    asked[kinds == 2] += sizes.accounts
    # The rest stands in a precise relation to one observation: at its instant, or where a window loses sight of it.
    chosen = random.integers(0, len(accounts), rows)
    window = numpy.array(list(WINDOWS.values()))[random.integers(0, len(WINDOWS), rows)]
    for kind, offset in ((3, numpy.zeros(rows, numpy.int64)), (4, window), (5, window - 1)):
        mask = kinds == kind
        asked[mask] = accounts[chosen[mask]]
        at[mask] = times[chosen[mask]] + offset[mask]
    table = pyarrow.table({
        "question": numpy.arange(rows, dtype=numpy.int64),
        "account_id": asked,
        "asked_at": pyarrow.array(at, TIME),
    })  # fmt: skip
    pyarrow.parquet.write_table(table, data.spine, row_group_size=ROW_GROUP)
    numpy.save(data.kinds, kinds)


def _shares() -> list[float]:
    special = [TOO_EARLY, UNKNOWN, AT_INSTANT, AT_EDGE, BEFORE_EDGE]
    return [1 - sum(special), *special]
