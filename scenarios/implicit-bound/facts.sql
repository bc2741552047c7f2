create table visits (id integer primary key, berth_id integer, at text);
insert into visits values (1, 1, '2026-01-01T00:00:00Z'), (2, 1, '2026-01-02T00:00:00Z'), (3, 1, '2026-01-03T00:00:00Z');
create table bookings (id integer primary key, berth_id integer, at text);
insert into bookings values (1, 1, '2026-01-01T00:00:00Z'), (2, 1, '2026-01-02T00:00:00Z'), (3, 1, '2026-01-03T00:00:00Z');
