"""Feast: point-in-time join of its file offline store. It has no windows as of an instant without an engine such as
Spark that computes them beforehand, so that question is not asked of it."""

import tempfile
from datetime import timedelta
from pathlib import Path

import pandas
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Float64
from questions import Asked, answer


def ask(asked: Asked) -> None:
    with tempfile.TemporaryDirectory() as folder:
        config = RepoConfig(
            project="bench", provider="local", registry=str(Path(folder) / "registry.db"),
            offline_store={"type": "file"}, online_store=None, entity_key_serialization_version=3,
        )  # fmt: skip
        store = FeatureStore(config=config)
        account = Entity(name="account", join_keys=["account_id"])
        source = FileSource(path=asked.observations, timestamp_field="happened_at")
        fields = [Field(name="amount", dtype=Float64), Field(name="balance", dtype=Float64)]
        view = FeatureView(
            name="account", entities=[account], schema=fields, source=source, ttl=timedelta(days=3_650)
        )
        store.apply([account, view])
        spine = pandas.read_parquet(asked.spine).rename(columns={"asked_at": "event_timestamp"})
        found = store.get_historical_features(entity_df=spine, features=["account:amount", "account:balance"])
        found.to_df()[["question", "amount", "balance"]].to_parquet(asked.answer)


if __name__ == "__main__":
    answer(ask)
