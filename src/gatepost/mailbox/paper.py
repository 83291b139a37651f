"""A message at rest."""

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from gatepost.ids import AccountId, BlobId, EmailId, ThreadId
from gatepost.mail.address import Address
from gatepost.mail.octets import Octets
from gatepost.mail.reading import Reading


class Texts(NamedTuple):
    """What a message is found by, by the field it stands in; people as they are shown, then their address."""

    from_: tuple[str, str]
    to: tuple[str, str]
    subject: tuple[str]
    filename: tuple[str, ...]
    human: str


class Email(Struct, frozen=True, kw_only=True, gc=False):
    """One kept message (RFC 8621 section 4), with what later rooms must know of how it came in.

    Attributes:
        reading: what people and models read in it, made once when it arrived; no room reads the octets again.
        author: the RFC 5322 From address it was judged by.
        is_proven: the author's domain was proven when it arrived, by alignment or by a sealer the policy trusts.
        is_automatic: it was sent by a machine (RFC 3834), or under the null reverse-path.
        capabilities: what the matched rule granted.
        labels: what the matched rule marked it with.
        verification: the verdicts as the webhook and REST show them: dkim, spf, dmarc, arc, from_alignment,
            injection_score; and ``results``, what our Authentication-Results field says after our name.
        message_id: the Message-ID field's value without angle brackets; empty where it had none.
        references: Message-IDs of the thread so far, oldest first, without angle brackets.
        from_shown: the From field as a person reads it, with the name its writer chose: no proof of anything.
        to_shown: To and Cc likewise.
        is_erased: its keys were destroyed; all that was personal is empty, and the addresses are ``.invalid``.
        is_unreadable: of a list: its row is damaged, so that the same is empty; it may be mended.
    """

    id: EmailId
    account: AccountId
    thread: ThreadId
    blob: BlobId
    size_octets: int
    received_at: datetime
    author: Address
    recipient: Address
    reply_to: tuple[Address, ...]
    subject: str
    reading: Reading
    message_id: str
    references: tuple[str, ...]
    is_proven: bool
    is_automatic: bool
    capabilities: tuple[str, ...]
    verification: dict[str, str | bool | float | None]
    from_shown: str = ""
    to_shown: str = ""
    labels: tuple[str, ...] = ()
    is_erased: bool = False
    is_unreadable: bool = False

    @property
    def answered_to(self) -> Address:
        """Whom an answer goes to: where the author asked (Reply-To), else the author."""
        return self.reply_to[0] if self.reply_to else self.author

    @property
    def text(self) -> str:
        """What an agent is given: the author's words, quoted history and signature apart (``ModelView``)."""
        return self.reading.model.text

    @property
    def file_names(self) -> tuple[str, ...]:
        """What the attachments are called, as their sender wrote it; empty for one without a name."""
        return tuple(one.filename for one in self.reading.attachments)

    @property
    def texts(self) -> Texts:
        """What it is found by."""
        return Texts(
            from_=(self.from_shown, str(self.author)),
            to=(self.to_shown, str(self.recipient)),
            subject=(self.subject,),
            filename=self.file_names,
            human=self.reading.human,
        )


class Page(NamedTuple):
    """Messages in the order of their list. ``after`` continues it after them; None at its end."""

    emails: list[Email]
    after: str | None


class Body(Struct, frozen=True, kw_only=True, gc=False):
    """A message's octets as received, and whose keys seal them.

    Attributes:
        subject: the key of the address of the person it is about, outside the house; None where nobody is named.
    """

    email: EmailId
    octets: Octets
    received_at: datetime
    subject: str | None

    @property
    def place(self) -> str:
        """What the seal is bound to."""
        return body_place(self.email)


def body_place(email: EmailId) -> str:
    """Return what the seal of a message's octets is bound to."""
    return f"body/{email}"
