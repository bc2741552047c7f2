-- resolves: Loan
-- source: facts
select id, amount, borrower_id from loans
