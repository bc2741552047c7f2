create table pairs (id integer primary key, a integer, b integer, x real);
insert into pairs values
    (1, 7, 2, 1.5),
    (2, -7, 2, -1.5),
    (3, 7, -2, 0.0),
    (4, 7, 0, 4.25),
    (5, null, 2, null),
    (6, 9223372036854775807, 2, 1e300);
