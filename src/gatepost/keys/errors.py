"""What can go wrong with keys and with what they seal."""


class KeyringError(Exception):
    """A key is missing, may be read by others, or does not fit what it should open; the text says what to do."""


class ErasedError(LookupError):
    """A key this was sealed under has been destroyed: nobody can read it any more, and that was the purpose."""
