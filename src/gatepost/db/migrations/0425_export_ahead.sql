-- What was sent beyond the cursor to a receiver that confirms later: whoever goes on after a kill asks about it, and does
-- not send it again. Runs of places with the number the receiver gave them, null where it has confirmed them.
alter table export_destination add column ahead jsonb not null default '[]';
