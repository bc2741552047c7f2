create table vessels (id integer primary key, capacity integer);
insert into vessels values (1, 100), (2, 200), (3, 50);
create table berths (id integer primary key, depth_m real);
insert into berths values (4, 11.5), (5, 14.0);
create table calls (id integer, vessel_id integer, berth_id integer, moved integer, at text);
insert into calls values
    (1, 1, 4, 10, '2026-01-01T00:00:00Z'),
    (2, 1, 5, 20, '2026-01-02T00:00:00Z'),
    (3, 2, 4, 30, '2026-01-01T00:00:00Z');
