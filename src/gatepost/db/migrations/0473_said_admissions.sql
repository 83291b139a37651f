-- Who and what the log says was let in and shut out: `gatepost log verify` holds the tables to it.
create index consequence_admission on consequence (tenant, entry) where action in (
  'tenant.add', 'tenant.plan', 'tenant.second_person', 'tenant.remove', 'person.add', 'person.remove',
  'key.add', 'key.remove', 'mailbox.add', 'mailbox.remove', 'mailbox.sandbox', 'mailbox.promote',
  'domain.add', 'domain.remove', 'webhook.add', 'webhook.remove', 'export.add', 'export.remove', 'log.recover');
