"""A Merkle tree of opaque entries: tiles, checkpoints, proofs. Knows no mail; could ship alone."""
