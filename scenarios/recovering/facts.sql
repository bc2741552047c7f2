create table loans (id integer primary key, amount integer, borrower_id integer);
insert into loans values (1, 20, 1), (2, 0, 9);
create table borrowers (id integer primary key, age integer);
insert into borrowers values (1, 40);
