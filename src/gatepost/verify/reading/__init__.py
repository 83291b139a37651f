"""One message as people read it, as machines read it, and where the two differ."""
