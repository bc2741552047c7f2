-- resolves: Captain
-- source: facts
select id, name from captains order by position
