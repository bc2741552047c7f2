"""What happens to the stored value when a null is computed, framework 8."""

from creta.features import Primary, feature, features


@features
class Gauge:
    id: Primary[int]
    kept: int | None = feature(max_staleness="1h", cache_nulls=True)
    skipped: int | None = feature(max_staleness="1h", cache_nulls=False)
    evicted: int | None = feature(max_staleness="1h", cache_nulls="evict_nulls")
