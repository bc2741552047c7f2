"""Polars: join_asof, and rolling windows over observations and questions laid into one timeline per account."""

import polars
from questions import WINDOWS, Asked, answer


def join(asked: Asked) -> None:
    spine = polars.scan_parquet(asked.spine).sort("asked_at")
    observations = polars.scan_parquet(asked.observations).drop("id").sort("happened_at", maintain_order=True)
    joined = spine.join_asof(
        observations, left_on="asked_at", right_on="happened_at", by="account_id", strategy="backward",
        check_sortedness=False,
    )  # fmt: skip
    joined.select("question", "amount", "balance").sink_parquet(asked.answer)


def windows(asked: Asked) -> None:
    spine = polars.scan_parquet(asked.spine).rename({"asked_at": "at"})
    observations = polars.scan_parquet(asked.observations).drop("id").rename({"happened_at": "at"})
    timeline = polars.concat([observations, spine], how="diagonal").sort("account_id", "at")
    columns = []
    for name, hours in WINDOWS.items():
        window = {"by": "at", "window_size": f"{hours}h", "closed": "right", "min_samples": 1}
        over = {"partition_by": "account_id"}
        present = polars.col("amount").is_not_null().cast(polars.Int64)
        columns += [
            present.rolling_sum_by(**window).over(**over).alias(f"count_{name}"),
            polars.col("amount").rolling_sum_by(**window).over(**over).fill_null(0.0).alias(f"total_{name}"),
            polars.col("amount").rolling_max_by(**window).over(**over).alias(f"top_{name}"),
            polars.col("balance").rolling_mean_by(**window).over(**over).alias(f"mean_{name}"),
        ]
    answered = timeline.with_columns(columns).filter(polars.col("question").is_not_null())
    answered.drop("account_id", "at", "amount", "balance").sink_parquet(asked.answer)


def ask(asked: Asked) -> None:
    {"join": join, "windows": windows}[asked.question](asked)


if __name__ == "__main__":
    answer(ask)
