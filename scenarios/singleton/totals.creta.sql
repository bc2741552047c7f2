-- resolves: Port
-- source: port
select sum(teu) as total, null as berths from terminals
