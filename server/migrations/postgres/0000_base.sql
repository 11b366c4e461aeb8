-- Facts about this database that are no configuration: for instance when the sample data was loaded.
create table setting (
    name text primary key constraint setting_name_given check (name <> ''),
    value text not null
);
