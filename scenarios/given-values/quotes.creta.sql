-- resolves: Quote
-- source: facts
select id, weight from quotes
