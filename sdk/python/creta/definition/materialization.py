"""The settings of materialized windows, checked; buckets are not built yet, which is said."""

import warnings
from typing import Any

from creta.definition.letters import CretaWarning, fault, suggestion
from creta.definition.places import caller_place

SETTINGS = frozenset(
    [
        "bucket_duration", "bucket_durations", "bucket_start", "bucket_starts", "backfill_schedule",
        "backfill_resolver", "backfill_start_time", "backfill_lookback_duration", "backfill_tags",
        "continuous_resolver", "continuous_buffer_duration", "offline_continuous_buffer_duration",
        "cache_aggregated_values", "cached_values_only", "allow_filter_migration",
    ]
)  # fmt: skip


def check_materialization(given: Any, expression: Any, *, of_windowed: bool) -> None:
    """Faults of a materialization; a right one is said to have no effect yet: windows are computed from all rows."""
    place = caller_place()
    if expression is None:
        raise fault("invalid_definition", "A materialization needs an expression.", place)
    if not of_windowed:
        raise fault("invalid_definition", "Only windowed features can be materialized.", place)
    if given is not True and not isinstance(given, dict):
        raise fault("invalid_definition", "`materialization` is True or a dict of settings.", place)
    for key in given if isinstance(given, dict) else ():
        if key not in SETTINGS:
            message = f"A materialization has no setting `{key}`."
            raise fault("invalid_definition", message, place, suggestion(str(key), SETTINGS))
    if isinstance(given, dict) and given.get("cached_values_only"):
        message = "`cached_values_only` cannot be honoured: there are no materialized buckets yet."
        raise fault("invalid_definition", message, place)
    message = "`materialization` has no effect yet: the windows are computed from all rows"
    warnings.warn_explicit(message, CretaWarning, place.file, place.line)
