create table quotes (id integer primary key, weight real);
insert into quotes values (1, 10.0), (2, 20.0);
