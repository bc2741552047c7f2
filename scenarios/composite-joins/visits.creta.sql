-- resolves: Visit
-- source: facts
select id, harbour, kind from visits
