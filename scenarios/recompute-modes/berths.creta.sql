-- resolves: Berth
-- source: facts
select id, length, surveyed_at from surveys
