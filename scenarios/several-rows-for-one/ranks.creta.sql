-- resolves: Rank
-- source: facts
select id, title, since from ranks order by position
