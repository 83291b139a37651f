"""What can go wrong with keys and with what they seal."""


class KeyringError(Exception):
    """A key is missing, may be read by others, or does not fit what it should open; the text says what to do."""


class KeysAwayError(KeyringError):
    """The key store's file cannot be read or written now; another attempt may."""


class ErasedError(LookupError):
    """A key this was sealed under has been destroyed: nobody can read it any more, and that was the purpose."""
