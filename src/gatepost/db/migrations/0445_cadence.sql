-- How often round trips were made when these were: what was due goes by it. Before this it was the default almost
-- everywhere; hours that are read from the trust log go by what their leaves say.
alter table status_sample add column every_s integer not null default 60;
alter table status_hour add column every_s integer not null default 60;
