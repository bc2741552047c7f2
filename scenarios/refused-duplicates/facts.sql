create table captains (position integer primary key, id integer, name text, badge text);
insert into captains values (1, 1, 'first', 'a'), (2, 1, 'last', 'a'), (3, 2, 'only', 'a'), (4, 3, 'third', 'b');
create table ranks (position integer primary key, id integer, badge text, title text, since text);
insert into ranks values
    (1, 1, 'a', 'older', '2026-01-02T00:00:00Z'),
    (2, 1, 'a', 'newest', '2026-01-03T00:00:00Z'),
    (3, 2, 'b', 'tie, first', '2026-01-02T00:00:00Z'),
    (4, 2, 'b', 'tie, last', '2026-01-02T00:00:00Z'),
    (5, 2, 'b', 'corrected', '2026-01-04T00:00:00Z');
