-- resolves: Tariff
-- source: facts
select id, harbour, kind, price from tariffs
