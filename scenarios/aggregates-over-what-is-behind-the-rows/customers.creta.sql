-- resolves: Customer
-- source: facts
select id, city from customers
