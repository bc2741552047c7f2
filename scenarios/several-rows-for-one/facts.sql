create table captains (position integer primary key, id integer, name text);
insert into captains values (1, 1, 'first'), (2, 1, 'last'), (3, 2, 'only');
create table ranks (position integer primary key, id integer, title text, since text);
insert into ranks values
    (1, 1, 'newest', '2026-01-03T00:00:00Z'),
    (2, 1, 'older', '2026-01-02T00:00:00Z'),
    (3, 2, 'tie, first', '2026-01-02T00:00:00Z'),
    (4, 2, 'tie, last', '2026-01-02T00:00:00Z');
