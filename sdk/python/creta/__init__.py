"""Creta: write features in Python, ask for them online, and get training sets from the same definitions."""

import importlib
from typing import TYPE_CHECKING, Any

from creta.context import ChalkContext, CretaContext
from creta.definition.letters import CretaWarning, DefinitionError
from creta.definition.resolvers import Resolver, offline, online
from creta.definition.unbuilt import lookup
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

# Imported when first used: the export and the workers need no HTTP client, and nobody deploys a test.
_LATER = dict.fromkeys(("CretaClient", "ChalkClient", "CretaError", "CretaException", "Dataset"), "creta.client")
_LATER |= dict.fromkeys(("freeze_time", "get_resolver"), "creta.testing")
_LATER |= dict.fromkeys(("description", "owner", "tags", "is_primary", "is_feature_time"), "creta.introspection")
_LATER |= {"make_sql_file_resolver": "creta.sql"}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    return lookup(__name__, name)


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
