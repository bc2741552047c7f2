-- resolves: Call
-- source: facts
select id, vessel_id, berth_id, moved, at from calls
