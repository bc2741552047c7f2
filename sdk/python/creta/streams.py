"""Streams as sources; none can be read yet, and using one says so."""

from typing import Any

from creta.definition.unbuilt import STREAMS, lookup


def __getattr__(name: str) -> Any:
    if name in STREAMS or name in ("stream", "make_stream_resolver"):
        return lookup(__name__, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
