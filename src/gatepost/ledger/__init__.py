"""A Merkle tree of opaque entries: tiles, checkpoints, proofs. Pure; knows no mail; could ship alone.

Hashing is RFC 6962 section 2.1 (RFC 9162 section 2.1) with SHA-256; the files are those of C2SP: signed-note,
tlog-checkpoint, tlog-tiles, tlog-proof. Whatever a stranger wrote becomes a value or a ``LedgerError``.
"""
