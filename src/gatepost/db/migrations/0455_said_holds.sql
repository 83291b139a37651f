-- Which legal holds the log says were placed and released: asked before anything expires or is erased.
create index consequence_hold on consequence (tenant, entry) where action in ('hold.place', 'hold.release');
