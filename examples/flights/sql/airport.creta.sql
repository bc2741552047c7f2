-- resolves: Airport
-- source: operations
select code as id, name, latitude, longitude from airports
