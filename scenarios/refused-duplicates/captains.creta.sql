-- resolves: Captain
-- source: facts
-- handle_duplicate_outputs: error
select id, name, badge from captains order by position
