-- resolves: Order
-- source: facts
select id, amount from orders
