create table lifts (id integer primary key, crane_id integer, tons integer, at text);
insert into lifts values
    (1, 1, 5, '2026-01-01T11:00:00Z'),
    (2, 1, 7, '2026-01-01T11:00:01Z'),
    (3, 1, 2, '2026-01-01T12:00:00Z'),
    (4, 1, 100, '2026-01-01T12:00:00.000001Z'),
    (5, 2, 9, '2026-01-01T11:30:00Z');
