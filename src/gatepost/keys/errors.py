"""What can go wrong with keys and with what they seal."""

OLDER_STEP = (
    "restore the newest backup of the keys folder; where there is none newer, `gatepost keys accept` goes on without"
    " the keys it lacks, and what they sealed stays unreadable for ever"
)
"""What to do about a key store that has lost keys."""


class KeyringError(Exception):
    """A key is missing, may be read by others, or does not fit what it should open; the text says what to do."""


class SealBrokenError(KeyringError):
    """A seal does not open: it was changed, cut or moved. One row is damaged; what lies beside it is not."""


class KeysUnusableError(KeyringError):
    """The key store's file cannot be read or written; what needs it waits, and nothing is wrong with what it sealed."""


class KeysAwayError(KeysUnusableError):
    """It is out of reach; another attempt may succeed, and nothing is to be restored."""


class KeysDamagedError(KeysUnusableError):
    """It is damaged: it is to be restored."""


class ErasedError(LookupError):
    """A key this was sealed under has been destroyed: nobody can read it any more, and that was the purpose."""


class KeyLostError(ErasedError):
    """Nor can anybody read this, but nobody destroyed its key: the key store has lost it, as an older copy has."""


def older(lost: int) -> str:
    """Return what is wrong with a key store that has lost so many keys."""
    return f"the key store is older than the database: it lacks {lost} or more of the keys that were made since"
