-- resolves: Terminal
-- source: port
select id, teu from terminals
