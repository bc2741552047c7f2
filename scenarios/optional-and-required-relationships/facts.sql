create table harbours (id text primary key, country text);
insert into harbours values ('rtm', 'NL'), ('ham', 'DE');
create table berths (id integer primary key, length real, harbour_id text);
insert into berths values (1, 200.0, 'rtm'), (2, 300.0, 'rtm'), (3, 250.0, 'ham'), (4, 99.0, 'gone');
create table ships (id integer primary key, home_id integer, berth_id integer);
insert into ships values (1, 1, 2), (2, null, null), (3, 77, 77), (4, 3, 4);
