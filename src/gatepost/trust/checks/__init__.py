"""The checks: each looks at a target and says what it sees. Where targets known to be bad come from: ``controls``."""
