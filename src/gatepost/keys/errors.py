"""What can go wrong with keys and with what they seal."""


class KeyringError(Exception):
    """A key is missing, may be read by others, or does not fit what it should open; the text says what to do."""


class KeysUnusableError(KeyringError):
    """The key store's file cannot be read or written; what needs it waits, and nothing is wrong with what it sealed."""


class KeysAwayError(KeysUnusableError):
    """It is out of reach; another attempt may succeed, and nothing is to be restored."""


class KeysDamagedError(KeysUnusableError):
    """It is damaged: it is to be restored."""


class ErasedError(LookupError):
    """A key this was sealed under has been destroyed: nobody can read it any more, and that was the purpose."""
