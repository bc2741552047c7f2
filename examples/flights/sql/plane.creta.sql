-- The register of planes. It does not have every tail number that flies
-- resolves: Plane
-- source: operations
select tail_number, year_built, manufacturer, model, seats from planes
