-- resolves: Vessel
-- source: facts
select id, home_berth_id from vessels
