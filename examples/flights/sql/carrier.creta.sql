-- resolves: Carrier
-- source: operations
select code as id, name from carriers
