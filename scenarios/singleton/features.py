"""A fact about the whole port that resolvers of every class may read."""

from creta import Now, online
from creta.features import Primary, features
from creta.sql import SQLiteSource

port = SQLiteSource(name="port", path="facts.db")


@features(singleton=True)
class Port:
    total: int
    berths: int | None
    hour: int
    closed: str


@online
def hour(now: Now) -> Port.hour:
    return now.hour


@features
class Terminal:
    id: Primary[int]
    teu: int
    share: float
    greeting: str
    sign: str
    double_share: float


@online
def share(teu: Terminal.teu, total: Port.total) -> Terminal.share:
    return teu / total


@online
def greeting(id: Terminal.id, hour: Port.hour, berths: Port.berths) -> Terminal.greeting:
    return f"{id} at {hour} of {berths}"


@online
def sign(id: Terminal.id, closed: Port.closed) -> Terminal.sign:
    return closed


@online
def double_share(share: Terminal.share) -> Terminal.double_share:
    return share * 2
