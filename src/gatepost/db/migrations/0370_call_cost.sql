-- What a call of a tool cost: its part of the answer of the model that asked for it. Nothing is known of earlier ones.
alter table turn_step add column tokens bigint not null default 0;
alter table turn_step add column cost_microusd bigint;
