"""REST: the public HTTP contract."""
