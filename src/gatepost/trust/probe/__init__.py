"""Asking a door from outside, as a stranger would: hand-made handshakes, SMTP by the line, HTTP by the request."""
