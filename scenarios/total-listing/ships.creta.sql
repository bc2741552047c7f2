-- resolves: Ship
-- source: facts
-- total: true
select id, pier as pier_id, load from ships
