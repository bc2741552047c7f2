"""Creta: write features in Python, ask for them online, and get training sets from the same definitions."""

from typing import TYPE_CHECKING, Any

from creta.context import ChalkContext, CretaContext
from creta.definition.letters import CretaWarning, DefinitionError
from creta.definition.resolvers import Resolver, offline, online
from creta.features import (
    JSON,
    MISSING,
    DataFrame,
    Document,
    Features,
    FeatureTime,
    Last,
    Now,
    Primary,
    Validation,
    Vector,
    Windowed,
    _,
    __,
    after,
    before,
    feature,
    features,
    group_by_windowed,
    has_many,
    has_one,
    windowed,
)
from creta.queries import NamedQuery
from creta.working.hooks import after_all, before_all

if TYPE_CHECKING:
    from creta.client import ChalkClient, CretaClient, CretaError, CretaException, Dataset

__version__ = "0.1.0"

realtime = online
batch = offline

# Imported when first used: the export and the workers need no HTTP client.
_CLIENT_NAMES = ("CretaClient", "ChalkClient", "CretaError", "CretaException", "Dataset")


def __getattr__(name: str) -> Any:
    if name in _CLIENT_NAMES:
        import creta.client

        return getattr(creta.client, name)
    raise AttributeError(f"module 'creta' has no attribute {name!r}")


__all__ = [
    "JSON",
    "MISSING",
    "ChalkClient",
    "ChalkContext",
    "CretaClient",
    "CretaContext",
    "CretaError",
    "CretaException",
    "CretaWarning",
    "DataFrame",
    "Dataset",
    "DefinitionError",
    "Document",
    "FeatureTime",
    "Features",
    "Last",
    "NamedQuery",
    "Now",
    "Primary",
    "Resolver",
    "Validation",
    "Vector",
    "Windowed",
    "_",
    "__",
    "after",
    "after_all",
    "batch",
    "before",
    "before_all",
    "feature",
    "features",
    "group_by_windowed",
    "has_many",
    "has_one",
    "offline",
    "online",
    "realtime",
    "windowed",
]
