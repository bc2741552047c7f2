-- resolves: Item
-- source: facts
select id, box_id, name, weight, price, fragile from items
