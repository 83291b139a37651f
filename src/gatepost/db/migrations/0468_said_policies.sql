-- Which versions of policies the log says were put in force and revoked: `gatepost log verify` holds the tables to it.
create index consequence_policy on consequence (tenant, entry) where action in ('policy.set', 'policy.revoke');
