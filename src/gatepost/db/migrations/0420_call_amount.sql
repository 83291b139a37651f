-- What a call amounts to, in the unit of its tool: many small ones are a large one, also over turns. Of calls that were
-- begun before this nothing is counted.
alter table turn_step add column amount numeric not null default 0;
create index turn_step_by_amount on turn_step (tenant, tool, at) where amount > 0;
