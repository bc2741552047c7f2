create table customers (id integer primary key, city text);
insert into customers values (1, 'Rome'), (2, 'Oslo');
create table shops (id integer primary key, city text);
insert into shops values (1, 'Rome'), (2, 'Oslo');
create table purchases (id integer primary key, customer_id integer, shop_id integer, amount real, at text);
insert into purchases values
    (1, 1, 1, 10.0, '2026-01-01T00:00:00Z'),
    (2, 1, 2, 20.0, '2026-01-05T00:00:00Z'),
    (3, 1, 1, 40.0, '2026-01-06T12:00:00Z'),
    (4, 2, 2, 5.0, '2026-01-06T12:00:00Z');
