-- resolves: Booking
-- source: facts
select id, berth_id, at from bookings
