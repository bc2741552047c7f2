-- resolves: Yard
-- source: facts
select id, crane_name from yards
