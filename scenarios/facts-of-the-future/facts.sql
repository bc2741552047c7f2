create table passages (id integer, lock_id integer, boat text, at text);
insert into passages values
    (1, 1, 'Anna', '2026-01-01T10:00:00Z'),
    (2, 1, 'Boris', '2026-01-01T11:00:00Z'),
    (3, 1, 'Clara', '2026-01-01T12:00:00Z'),
    (2, 1, 'Boris II', '2026-01-01T11:30:00Z');
create table bookings (id integer primary key, lock_id integer, at text);
insert into bookings values (1, 1, '2026-01-01T10:00:00Z'), (2, 1, '2026-01-02T10:00:00Z');
