-- Ships as the terminal knows them: this line has two colons: so it documents
-- resolves: vessel
-- source: sqlite
-- type: batch
-- count: one_or_none
-- timeout: 2s
-- tags:
--   - nightly
-- fields: {no: id}
select no, flag from ships where no = ${vessel.id}
