-- What a call surely cost by the octets that went out and came back: budgets count no less, whatever the answer counts.
-- Of calls that were settled before this the answer's own count stands.
alter table model_call add column least bigint not null default 0;
