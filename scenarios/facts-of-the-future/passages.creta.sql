-- resolves: Passage
-- source: facts
select id, lock_id, boat, at from passages
