-- resolves: Payment
-- source: lake
-- unique_on: id
select id, account_id, amount, balance, happened_at from observations
