"""Functions for `_` expressions: `import creta.functions as F`, then `F.lower(_.name)`.

Each function builds a call; the server evaluates it. Arguments are expressions or constants, in the order of the
signature. `help(F.lower)` and docs/reference/functions.md say what each does.
"""

from typing import Any

from creta.definition.letters import fault, suggestion
from creta.definition.places import caller_place
from creta.functions.declaring import FUNCTIONS
from creta.functions.families.aggregation import *  # noqa: F403
from creta.functions.families.arrays import *  # noqa: F403
from creta.functions.families.bytes import *  # noqa: F403
from creta.functions.families.conditional import *  # noqa: F403
from creta.functions.families.dates import *  # noqa: F403
from creta.functions.families.hash import *  # noqa: F403
from creta.functions.families.json import *  # noqa: F403
from creta.functions.families.math import *  # noqa: F403
from creta.functions.families.strings import *  # noqa: F403
from creta.functions.families.url import *  # noqa: F403
from creta.functions.unbuilt import UNBUILT

__all__ = sorted(FUNCTIONS)


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    advice = suggestion(name, FUNCTIONS)
    if name in UNBUILT:
        advice = f"The catalogue names it ({UNBUILT[name]}), but it is not built yet. Compute it in a Python resolver."
    raise fault("expression", f"There is no function `{name}`.", caller_place(), advice)
