-- resolves: Vessel
-- source: facts
select id, capacity from vessels
