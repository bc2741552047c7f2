create table surveys (id integer, length real, surveyed_at text);
insert into surveys values
    (3, 180.0, '2026-01-10T00:00:00Z'),
    (3, 250.0, '2026-02-10T00:00:00Z');
