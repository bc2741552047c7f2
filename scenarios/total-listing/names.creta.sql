-- resolves: Ship
-- source: facts
select id, pier as pier_id, name from names
