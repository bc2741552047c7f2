-- resolves: Label
-- source: facts
select id, yard_id from labels order by position
