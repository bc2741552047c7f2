create table tanks (id integer primary key, label text, remark text, litres real, level real, maybe_level real);
insert into tanks values
    (1, 'north', 'full', 90.5, 0.9, 0.9),
    (2, '', null, 0.0, null, null),
    (3, null, null, null, 0.1, 0.1);
