create table orders (id integer primary key, amount real);
insert into orders values (1, 8.0), (2, 0.0);
