-- resolves: Berth
-- source: facts
select id, length, harbour_id from berths
