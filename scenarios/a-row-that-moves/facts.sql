create table containers (id integer, yard_id integer, tons integer, at text);
insert into containers values
    (1, 1, 10, '2026-01-01T00:00:00Z'),
    (2, 1, 20, '2026-01-01T00:00:00Z'),
    (1, 2, 10, '2026-01-02T00:00:00Z'),
    (1, 1, 15, '2026-01-03T00:00:00Z'),
    (2, null, 20, '2026-01-04T00:00:00Z');
-- A class without feature time: the last row of a key is the row.
create table labels (position integer primary key, id integer, yard_id integer);
insert into labels values (1, 7, 1), (2, 8, 1), (3, 7, 2);
create table yards (id integer primary key, crane_name text);
insert into yards values (1, 'north'), (2, 'south');
-- A crane that is renamed is no longer found under its old name.
create table cranes (id integer, name text, reach integer, at text);
insert into cranes values
    (1, 'north', 30, '2026-01-01T00:00:00Z'),
    (2, 'north', 40, '2026-01-02T00:00:00Z'),
    (2, 'south', 45, '2026-01-03T00:00:00Z');
