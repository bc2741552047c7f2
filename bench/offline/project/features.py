"""What the benchmark asks of Creta: an account as of an instant, and sixteen windows over its payments."""

import os

from creta.features import DataFrame, FeatureTime, Primary, Windowed, _, features, windowed
from creta.sql import ParquetSource

lake = ParquetSource(name="lake", tables={"observations": os.environ["BENCH_OBSERVATIONS"]})
WINDOWS = ("1h", "1d", "7d", "30d")


@features
class Account:
    id: Primary[int]
    amount: float | None
    balance: float | None
    seen_at: FeatureTime
    payments: "DataFrame[Payment]"
    count: Windowed[int] = windowed(*WINDOWS, expression=_.payments[_.happened_at > _.chalk_window].count())
    total: Windowed[float] = windowed(*WINDOWS, expression=_.payments[_.amount, _.happened_at > _.chalk_window].sum())
    top: Windowed[float | None] = windowed(
        *WINDOWS, expression=_.payments[_.amount, _.happened_at > _.chalk_window].max()
    )
    mean: Windowed[float | None] = windowed(
        *WINDOWS, expression=_.payments[_.balance, _.happened_at > _.chalk_window].mean()
    )


@features
class Payment:
    id: Primary[int]
    account_id: Account.id
    amount: float
    balance: float
    happened_at: FeatureTime
