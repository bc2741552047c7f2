-- resolves: Account
-- source: lake
select account_id as id, amount, balance, happened_at as seen_at from observations
