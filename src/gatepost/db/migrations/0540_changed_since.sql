-- Of the decisions a draft would change, those that the policy in force by now would change alike (docs/adr/0062).

alter table draft_replay add column changed_since bigint not null default 0;
