-- resolves: Visit
-- source: facts
-- unique_on: id
select id, berth_id, at from visits
