-- resolves: Purchase
-- source: facts
select id, customer_id, shop_id, amount, at from purchases
