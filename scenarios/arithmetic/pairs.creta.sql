-- resolves: Pair
-- source: facts
select id, a, b, x from pairs
