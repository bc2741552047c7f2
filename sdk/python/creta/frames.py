"""`DataFrame`: a table of features, in resolver signatures and as a value."""

from typing import Any

from creta.definition.markers import DataFrameOf


class DataFrame:
    """placeholder"""

    def __class_getitem__(cls, items: Any) -> DataFrameOf:
        return DataFrameOf(items if isinstance(items, tuple) else (items,))
