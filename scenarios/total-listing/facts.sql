create table ships (id integer primary key, pier integer, load integer);
insert into ships values (1, 1, 10), (2, 1, 20), (3, 2, 5);
create table names (id integer primary key, pier integer, name text);
insert into names values (1, 1, 'known'), (9, 1, 'known'), (3, 2, 'other');
