"""A message reaches us: SMTP sessions, and the paper every other door writes too."""
