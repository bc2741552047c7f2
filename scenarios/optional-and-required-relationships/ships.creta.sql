-- resolves: Ship
-- source: facts
select id, home_id, berth_id from ships
