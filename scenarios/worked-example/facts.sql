create table calls (id integer primary key, vessel_id integer, teu real, ts text);
insert into calls values
    (1, 7, 100, '2026-03-01T10:00:00Z'),
    (2, 7, 40, '2026-03-09T12:00:00Z'),
    (3, 7, 60, '2026-03-12T08:00:00Z');
