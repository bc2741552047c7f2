"""Three ways to have nothing: no observation, an observed null, a default."""

from creta.features import Primary, _, feature, features
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Tank:
    id: Primary[int]
    label: str
    remark: str | None
    litres: float
    level: float = feature(default=0.5)
    maybe_level: float | None = feature(default=0.5)
    double_level: float = feature(expression=_.level * 2)
    remark_echo: str | None = feature(expression=_.remark)

