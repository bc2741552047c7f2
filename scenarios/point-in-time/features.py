"""Values that become known one by one, the example of framework 2."""

from creta.features import FeatureTime, Primary, feature, features


@features
class Vessel:
    id: Primary[int]
    draft: float | None = feature(max_staleness="infinity")
    flag: str | None = feature(max_staleness="infinity")
    short_lived_draft: float | None = feature(offline_ttl="20d", max_staleness="infinity")
    seen_at: FeatureTime
