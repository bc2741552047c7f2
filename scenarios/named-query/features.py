"""A question with a name and a tolerance of its own."""

from creta import NamedQuery, Now, online
from creta.features import Primary, feature, features


@features
class Sensor:
    id: Primary[int]
    value: str = feature(max_staleness="1h")


@online
def value(now: Now) -> Sensor.value:
    return now.isoformat()


strict = NamedQuery(name="strict", input=[Sensor.id], output=[Sensor.value], staleness={Sensor.value: "1m"})
