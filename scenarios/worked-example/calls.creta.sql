-- resolves: PortCall
-- source: facts
select id, vessel_id, teu, ts from calls
