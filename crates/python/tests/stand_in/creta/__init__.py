"""Stands in for the SDK: just enough to be found and started."""

__version__ = "0.0.0"
