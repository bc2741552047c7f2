"""The one exception by which the benchmark ends early."""


class BenchFailed(Exception):
    """A figure would be wrong or cannot be taken; the message says why and what to do."""
