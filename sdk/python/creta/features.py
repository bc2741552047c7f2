"""Feature classes: everything that is needed to declare features, relationships and expressions."""

from creta.definition.classes import FeatureMeta, features
from creta.definition.declarations import MISSING, feature, group_by_windowed, has_many, has_one, windowed
from creta.definition.expressions import after, before, outer, this
from creta.definition.markers import Features, FeatureTime, Now, Primary, Vector, Windowed
from creta.definition.references import Reference
from creta.definition.validations import Validation
from creta.frames import DataFrame

_ = this
__ = outer

__all__ = [
    "MISSING",
    "DataFrame",
    "FeatureMeta",
    "FeatureTime",
    "Features",
    "Now",
    "Primary",
    "Reference",
    "Validation",
    "Vector",
    "Windowed",
    "_",
    "__",
    "after",
    "before",
    "feature",
    "features",
    "group_by_windowed",
    "has_many",
    "has_one",
    "windowed",
]
