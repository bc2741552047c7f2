-- Departures, known at the instant at which the aircraft leaves. Cancelled flights have none
-- resolves: Departure
-- source: operations
-- unique_on: id
select
    flight_key as id,
    carrier as carrier_id,
    tail_number,
    origin,
    delay_minutes,
    departed_at
from departures
