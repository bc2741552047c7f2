"""A resolver over a DataFrame, called once per batch."""

from creta import online
from creta.features import DataFrame, Primary, features
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Parcel:
    id: Primary[int]
    width: float
    height: float
    area: float
    is_square: bool


@online
def shapes(parcels: DataFrame[Parcel.id, Parcel.width, Parcel.height]) -> DataFrame[Parcel.id, Parcel.area, Parcel.is_square]:
    frame = parcels.to_pandas()
    return DataFrame({
        Parcel.id: frame["parcel.id"],
        Parcel.area: frame["parcel.width"] * frame["parcel.height"],
        Parcel.is_square: frame["parcel.width"] == frame["parcel.height"],
    })
