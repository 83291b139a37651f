-- Why a policy's version was made, sealed, and who vouches for it; null in versions made before.
alter table policy
  add column why       bytea,
  add column signer    bytea,  -- the actor's Ed25519 public key
  add column signature bytea;  -- over decide.versions.statement
