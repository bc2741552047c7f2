-- Hourly weather at the three airports, known at the end of its hour
-- resolves: Weather
-- source: operations
select
    weather_key as id,
    origin,
    temperature,
    wind_direction,
    wind_speed,
    precipitation,
    visibility,
    pressure,
    known_at
from weather
