"""Feature classes: everything that is needed to declare features, relationships and expressions."""

from creta.definition.classes import FeatureMeta, features
from creta.definition.declarations import MISSING, feature, group_by_windowed, has_many, has_one, windowed
from creta.definition.documents import JSON, Document
from creta.definition.expressions import after, before, outer, this
from creta.definition.markers import Features, FeatureTime, Last, Now, Primary, Vector, Windowed
from creta.definition.references import Reference
from creta.definition.validations import Validation
from creta.frames import DataFrame
from creta.introspection import description, is_feature_time, is_primary, owner, tags  # noqa: F401

_ = this
__ = outer

__all__ = [
    "JSON",
    "MISSING",
    "DataFrame",
    "Document",
    "FeatureMeta",
    "FeatureTime",
    "Features",
    "Last",
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
