"""What is known about flights out of New York, and from when.

A `Flight` is a line of the timetable and known long in advance. Its `Departure`, its `Arrival` and the `Weather` are
events: each row carries the instant from which it is known, and Creta shows no row before that instant, whether the
question is asked live or for a moment of last year.
"""

from datetime import datetime

from creta.features import (
    DataFrame,
    FeatureTime,
    Primary,
    Windowed,
    _,
    feature,
    features,
    has_many,
    has_one,
    windowed,
)


@features(owner="timetable@airline.example", tags=["reference"])
class Carrier:
    # The two-character code, such as UA.
    id: str
    name: str
    departures: "DataFrame[Departure]"
    # How late this carrier's departures have been, in minutes: in the last hour, day and week.
    mean_delay: Windowed[float | None] = windowed(
        "1h",
        "1d",
        "7d",
        expression=_.departures[_.delay_minutes, _.departed_at > _.creta_window].mean(),
    )
    # Positive when today is worse than this week.
    trend: float | None = _.mean_delay["1d"] - _.mean_delay["7d"]


@features(owner="fleet@airline.example", tags=["reference"])
class Plane:
    tail_number: Primary[str]
    # Unknown for 70 planes.
    year_built: int | None
    manufacturer: str
    model: str
    seats: int


@features(owner="timetable@airline.example", tags=["reference"])
class Airport:
    # The three-letter code, such as JFK.
    id: str
    name: str
    latitude: float
    longitude: float
    departures: "DataFrame[Departure]" = has_many(lambda: Departure.origin == Airport.id)
    weather_reports: "DataFrame[Weather]" = has_many(lambda: Weather.origin == Airport.id)
    # How busy the runways have been, and how late the flights that left.
    departure_count: Windowed[int] = windowed("1h", expression=_.departures[_.departed_at > _.creta_window].count())
    mean_delay: Windowed[float | None] = windowed(
        "3h", expression=_.departures[_.delay_minutes, _.departed_at > _.creta_window].mean()
    )
    rainfall: Windowed[float] = windowed(
        "6h", expression=_.weather_reports[_.precipitation, _.known_at > _.creta_window].sum(), default=0.0
    )


@features(owner="timetable@airline.example")
class Flight:
    # Date, carrier, number and origin, such as 2013-01-01/UA/1545/EWR.
    id: Primary[str]
    number: int
    tail_number: str | None
    distance_miles: int
    scheduled_departure: datetime
    scheduled_arrival: datetime
    # As the clocks in New York show it.
    local_hour: int

    carrier_id: "Carrier.id"
    carrier: Carrier
    # 722 tail numbers, the missing one included, are in no list of planes.
    plane: "Plane | None" = has_one(lambda: Plane.tail_number == Flight.tail_number)
    origin: str
    origin_airport: Airport = has_one(lambda: Airport.id == Flight.origin)
    # Four destinations are in no list of airports.
    destination: str
    destination_airport: "Airport | None" = has_one(lambda: Airport.id == Flight.destination)

    # The weather hour that has just ended two hours before the scheduled departure. Asked earlier, there is none.
    weather_id: str
    weather: "Weather | None" = has_one(lambda: Weather.id == Flight.weather_id)

    # None until the flight has left, and for ever if it was cancelled.
    departure: "Departure | None" = has_one(lambda: Departure.id == Flight.id)
    arrival: "Arrival | None" = has_one(lambda: Arrival.id == Flight.id)

    # What the aircraft has been through. Joined by tail number and not through `plane`: a plane that is in no list of
    # planes has departures all the same.
    aircraft_departures: "DataFrame[Departure]" = has_many(lambda: Departure.tail_number == Flight.tail_number)
    aircraft_arrivals: "DataFrame[Arrival]" = has_many(lambda: Arrival.tail_number == Flight.tail_number)
    aircraft_delay: Windowed[float | None] = windowed(
        "1d", expression=_.aircraft_departures[_.delay_minutes, _.departed_at > _.creta_window].mean()
    )
    aircraft_arrival_delay: Windowed[float | None] = windowed(
        "1d", expression=_.aircraft_arrivals[_.delay_minutes, _.arrived_at > _.creta_window].mean()
    )

    plane_age: int | None = 2013 - _.plane.year_built
    is_evening: bool = _.local_hour >= 17
    # Worse than the carrier's day, better, or as usual: the airport against the airline.
    airport_against_carrier: float | None = _.origin_airport.mean_delay["3h"] - _.carrier.mean_delay["1d"]

    # From resolvers.py.
    days_to_holiday: int
    heading_degrees: float | None
    headwind: float | None


@features(owner="operations@airline.example", tags=["event"])
class Departure:
    # The key of the flight.
    id: str
    carrier_id: "Carrier.id"
    tail_number: str | None
    origin: str
    delay_minutes: int
    # The instant at which the aircraft left, which is when all of this became known.
    departed_at: FeatureTime


@features(owner="operations@airline.example", tags=["event"])
class Arrival:
    # The key of the flight.
    id: str
    tail_number: str | None
    delay_minutes: int
    air_minutes: int
    arrived_at: FeatureTime


@features(owner="operations@airline.example", tags=["event"])
class Weather:
    # Airport and beginning of the hour, such as EWR@2013-01-01T10:00:00Z.
    id: str
    origin: str
    # Degrees Fahrenheit, miles per hour, inches and miles, as the stations report them.
    temperature: float | None
    wind_direction: int | None
    wind_speed: float | None
    precipitation: float
    visibility: float
    pressure: float | None = feature(description="Sea-level pressure in millibars.")
    # The end of the hour.
    known_at: FeatureTime
