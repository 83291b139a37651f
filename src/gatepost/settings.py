"""Everything an operator may set, read once."""
