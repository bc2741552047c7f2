-- resolves: Crane
-- source: facts
select id, name, reach, at from cranes
