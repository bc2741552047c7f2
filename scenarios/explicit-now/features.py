"""A question about another instant leaves no trace."""

from creta import Now, online
from creta.features import Primary, feature, features


@features
class Clock:
    id: Primary[int]
    reading: str = feature(max_staleness="infinity")


@online
def reading(now: Now) -> Clock.reading:
    return now.isoformat()
