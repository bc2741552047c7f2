-- resolves: Harbour
-- source: facts
select id, country from harbours
