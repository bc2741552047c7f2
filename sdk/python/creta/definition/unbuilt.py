"""Names that users know from elsewhere and that are not built yet: using one says so at its line, importing one does not.

So a project that is ported gets all its letters at once, and not an ImportError that hides the others.
"""

from collections.abc import Callable
from typing import Any

from creta.definition.letters import Letter
from creta.definition.places import caller_place
from creta.definition.registry import registry

WAREHOUSES = (
    "AthenaSource BigQuerySource ClickhouseSource CloudSQLSource DatabricksSource DynamoDBSource MSSQLSource "
    "MySQLSource RedshiftSource SnowflakeSource SpannerSource SQLiteInMemorySource SQLSourceGroup TrinoSource"
).split()
STREAMS = ("KafkaSource", "KinesisSource", "PubSubSource")
SCHEDULES = ("Cron", "ScheduledQuery")
DECORATORS = ("stream", "sink", "webhook")
OTHERS = ("LRUCache", "OnlineStoreConfig", "embed", "make_stream_resolver")


class UnbuiltSource:
    """A source that no server can read yet. Its name is known, so what uses it gets no letter of its own."""

    kind = "unbuilt"

    def __init__(self, spelling: str, fix: str, name: Any):
        self.name = str(name or spelling)
        self.body: dict[str, Any] = {}
        self.place = caller_place()
        registry.sources.append(self)
        _report(spelling, fix)


def lookup(module: str, name: str) -> Any:
    """What stands for an unbuilt name of a module. Raises AttributeError for a name that nobody knows."""
    if name in WAREHOUSES:
        return _source(name, "Sources are SQLite, PostgreSQL, Parquet and CSV; export the table to one of them.")
    if name in STREAMS:
        return _source(name, "Upload what arrives: `client.upload_features` or `multi_upload_features`.")
    if name in SCHEDULES:
        return _call(name, "Run it from your scheduler: `creta trigger`, or `offline_query` with `store_online=True`.")
    if name in DECORATORS:
        return _decorator(name)
    if name in OTHERS:
        return _call(name, None)
    raise AttributeError(f"module {module!r} has no attribute {name!r}")


def _report(name: str, fix: str | None) -> None:
    message = f"`{name}` is not supported yet."
    registry.report(Letter("invalid_definition", message, caller_place(), fix))


def _source(spelling: str, fix: str) -> Callable[..., UnbuiltSource]:
    return lambda *given, name=None, **_options: UnbuiltSource(spelling, fix, name or next(iter(given), None))


def _call(name: str, fix: str | None) -> Callable[..., None]:
    return lambda *_given, **_options: _report(name, fix)


def _decorator(name: str) -> Callable[..., Any]:
    def decorate(*_given: Any, **_options: Any) -> Callable[[Any], Any]:
        _report(name, None)
        return lambda function: function

    return decorate
