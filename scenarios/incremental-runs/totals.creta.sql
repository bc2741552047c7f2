-- resolves: Berth
-- source: terminal
-- type: offline
-- incremental: {mode: group, lookback_period: 1d, incremental_column: changed}
select berth as id, sum(teu) as teu, max(updated) as changed from moves group by berth
