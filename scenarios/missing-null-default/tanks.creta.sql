-- resolves: Tank
-- source: facts
select id, label, remark, litres, level, maybe_level from tanks
