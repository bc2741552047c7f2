-- resolves: Borrower
-- source: facts
select id, age from borrowers
