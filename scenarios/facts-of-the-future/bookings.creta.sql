-- resolves: Booking
-- source: facts
select id, lock_id, at from bookings
