create table tariffs (id integer primary key, harbour text, kind text, price real);
insert into tariffs values (1, 'rtm', 'tank', 5.0), (2, 'rtm', 'bulk', 3.0), (3, 'ham', 'tank', 4.0), (4, 'rt', 'mtank', 9.0);
create table visits (id integer primary key, harbour text, kind text);
insert into visits values (1, 'rtm', 'tank'), (2, 'rtm', 'bulk'), (3, 'ham', 'bulk'), (4, 'rtm', null), (5, 'RTM', 'tank');
