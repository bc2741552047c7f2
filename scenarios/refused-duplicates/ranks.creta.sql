-- resolves: Rank
-- source: facts
-- handle_duplicate_outputs: error
select id, badge, title, since from ranks order by position
