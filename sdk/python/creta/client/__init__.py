"""`CretaClient`: asks a Creta server for features, online and for training."""

from creta.client.api import CretaClient
from creta.client.dataset import Dataset, Revision
from creta.client.errors import CretaError, CretaException
from creta.client.offline import OfflineQueryDeadlineOptions
from creta.client.results import BulkResult, FeatureResult, QueryMeta, QueryResult

ChalkClient = CretaClient

__all__ = [
    "BulkResult",
    "ChalkClient",
    "CretaClient",
    "CretaError",
    "CretaException",
    "Dataset",
    "FeatureResult",
    "OfflineQueryDeadlineOptions",
    "QueryMeta",
    "QueryResult",
    "Revision",
]
