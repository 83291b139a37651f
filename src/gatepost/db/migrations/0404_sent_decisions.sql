-- What left is judged under a draft, too: found as what came in is.
create index decision_row_sent on decision_row (tenant, account, entry desc) where direction = 'outbound';
