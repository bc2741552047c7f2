create table items (id integer primary key, box_id integer, name text, weight integer, price real, fragile integer);
insert into items values
    (1, 1, 'anvil', 4, 0.1, 1),
    (2, 1, 'ghost', null, null, null),
    (3, 1, 'safe', 10, 0.2, 0),
    (4, 2, 'void', null, null, null),
    (5, 4, 'one', 3, 1.5, 1),
    (6, 5, 'first', 2, 1.0, 1),
    (7, 5, 'second', 2, 1.0, 1);
