"""What a message is on the wire: addresses, envelopes, fields, MIME. No I/O."""
