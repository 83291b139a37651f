-- What the log says was removed: asked by each verification, which read every entry of every tenant for it, twice.
create index entry_erasure on entry (tenant, id) where kind = 'erasure';
