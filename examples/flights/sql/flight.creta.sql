-- The timetable. It is known in advance, so no row carries a time from which it is known
-- resolves: Flight
-- source: operations
select
    flight_key as id,
    number,
    tail_number,
    carrier as carrier_id,
    origin,
    destination,
    distance_miles,
    scheduled_departure,
    scheduled_arrival,
    local_hour,
    -- Two hours before departure the newest complete hour is the one that began two to three hours before that.
    origin || '@' || strftime('%Y-%m-%dT%H:00:00Z', scheduled_departure, '-3 hours') as weather_id
from flights
