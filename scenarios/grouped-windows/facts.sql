create table calls (id integer primary key, vessel_id integer, berth_id integer, teu real, at text);
insert into calls values
    (1, 1, 4, 10.0, '2026-01-01T00:00:00Z'),
    (2, 1, 4, 20.0, '2026-01-01T12:00:00Z'),
    (3, 1, 5, 40.0, '2026-01-01T18:00:00Z'),
    (4, 1, null, 80.0, '2026-01-01T20:00:00Z'),
    (5, 2, 4, 160.0, '2026-01-01T20:00:00Z');
create table vessels (id integer primary key, home_berth_id integer);
insert into vessels values (1, 5), (2, null);
