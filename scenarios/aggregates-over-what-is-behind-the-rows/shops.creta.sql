-- resolves: Shop
-- source: facts
select id, city from shops
