"""Several resolvers for one feature: tags, kinds, and no guessing."""

from creta import offline, online
from creta.features import Primary, feature, features


@features
class Ship:
    id: Primary[int]
    position: str
    speed: str
    course: str
    draught: str = feature(default="unknown")
    echo: str
    silent_echo: str


@online
def position(id: Ship.id) -> Ship.position:
    return "any"


@online(tags="feed")
def position_of_feed(id: Ship.id) -> Ship.position:
    return "feed"


@online(tags=["feed:ais", "dry"])
def position_dry(id: Ship.id) -> Ship.position:
    return "dry"


@offline(tags="feed")
def position_then(id: Ship.id) -> Ship.position:
    return "then"


@online(tags="feed:ais")
def speed(id: Ship.id) -> Ship.speed:
    return "ais"


@online
def course(id: Ship.id) -> Ship.course:
    return "one"


@online
def course_again(id: Ship.id) -> Ship.course:
    return "two"


@offline
def course_then(id: Ship.id) -> Ship.course:
    return "then"


@online
def draught(id: Ship.id) -> Ship.draught:
    return "one"


@online
def draught_again(id: Ship.id) -> Ship.draught:
    return "two"


@online
def echo(speed: Ship.speed = "nothing") -> Ship.echo:
    return speed


@online
def silent_echo(course: Ship.course = "nothing") -> Ship.silent_echo:
    return course
