"""The questions that applications ask by name."""

from creta import NamedQuery

from features import Flight

# Everything that the delay model reads; all of it is known two hours before the scheduled departure.
delay_model = NamedQuery(
    name="delay_model",
    input=[Flight.id],
    output=[
        Flight.local_hour,
        Flight.is_evening,
        Flight.distance_miles,
        Flight.days_to_holiday,
        Flight.carrier.mean_delay["1h"],
        Flight.carrier.mean_delay["1d"],
        Flight.carrier.mean_delay["7d"],
        Flight.carrier.trend,
        Flight.aircraft_delay["1d"],
        Flight.aircraft_arrival_delay["1d"],
        Flight.origin_airport.departure_count["1h"],
        Flight.origin_airport.mean_delay["3h"],
        Flight.origin_airport.rainfall["6h"],
        Flight.airport_against_carrier,
        Flight.plane_age,
        Flight.plane.seats,
        Flight.weather.temperature,
        Flight.weather.wind_speed,
        Flight.weather.precipitation,
        Flight.weather.visibility,
        Flight.weather.pressure,
        Flight.heading_degrees,
        Flight.headwind,
    ],
    owner="science@airline.example",
    description="The inputs of the model that foresees late departures.",
)
