create table terminals (id integer primary key, teu integer);
insert into terminals values (1, 30), (2, 90);
