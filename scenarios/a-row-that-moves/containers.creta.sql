-- resolves: Container
-- source: facts
select id, yard_id, tons, at from containers
