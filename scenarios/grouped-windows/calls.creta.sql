-- resolves: Call
-- source: facts
select id, vessel_id, berth_id, teu, at from calls
