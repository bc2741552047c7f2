-- Arrivals, known at the instant at which the aircraft is at its gate
-- resolves: Arrival
-- source: operations
-- unique_on: id
select
    flight_key as id,
    tail_number,
    delay_minutes,
    air_minutes,
    arrived_at
from arrivals
