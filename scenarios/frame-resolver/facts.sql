create table parcels (id integer primary key, width real, height real);
insert into parcels values (1, 2.0, 3.0), (2, 4.0, 4.0);
