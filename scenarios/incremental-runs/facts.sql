create table moves (berth text, teu integer, updated text);
insert into moves values
    ('A', 10, '2026-05-01T00:00:00Z'),
    ('A', 5, '2026-05-09T00:00:00Z'),
    ('B', 7, '2026-05-09T00:00:00Z'),
    ('C', 4, '2026-04-02T00:00:00Z'),
    ('D', 9, '2026-06-01T00:00:00Z');
