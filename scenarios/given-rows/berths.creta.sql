-- resolves: Berth
-- source: facts
select id, depth_m from berths
