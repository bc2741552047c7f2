-- resolves: Lift
-- source: facts
select id, crane_id, tons, at from lifts
