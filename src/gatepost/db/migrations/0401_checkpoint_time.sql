-- When a checkpoint was signed stood beside it and was signed nowhere, so nobody could tell whether it was changed. The
-- time that counts is in the log's own stamp, which is signed, on the published checkpoint.
alter table checkpoint drop column signed_at;
