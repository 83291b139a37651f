"""What is told of promises to customers: sub-processors, terms, instructions, the document room. Pure."""

from gatepost.record.vocabulary.said import Act, Private


class SubprocessorAnnounced(Act, frozen=True, kw_only=True, tag="subprocessor.announced"):
    """This tenant was told of a sub-processor to come, or of a change of one."""

    digest: str
    region: str
    purpose: str


class SubprocessorObjected(Act, frozen=True, kw_only=True, tag="subprocessor.objected"):
    """This tenant objected to a sub-processor."""

    objection: str


class SubprocessorSettled(Act, frozen=True, kw_only=True, tag="subprocessor.settled"):
    """This tenant's objection ended; `how`: the alternative it was offered."""

    objection: str
    outcome: str
    how: Private[str] = ""


class SubprocessorWithdrawn(Act, frozen=True, kw_only=True, tag="subprocessor.withdrawn"):
    """This tenant was told that a sub-processor does not come, or is no more."""

    digest: str


class TermsAnnounced(Act, frozen=True, kw_only=True, tag="terms.announced"):
    """This tenant was told of a version of a text it is to agree to, and whether and why it is material."""

    version: str
    sha256: str
    effective_on: str
    material: bool
    rule: str
    reason: str
    decided_by: str


class TermsAccepted(Act, frozen=True, kw_only=True, tag="terms.accepted"):
    """This tenant agreed to a text, by its SHA-256."""

    version: str
    sha256: str
    by_role: str = ""


class TermsRejected(Act, frozen=True, kw_only=True, tag="terms.rejected"):
    """This tenant does not agree to a text: it takes an export and leaves."""

    version: str
    sha256: str
    by_role: str = ""


class TermsLeft(Act, frozen=True, kw_only=True, tag="terms.left"):
    """A step of leaving: the export was handed over, or the tenant was closed."""

    step: str
    sha256: str = ""


class InstructionGiven(Act, frozen=True, kw_only=True, tag="instruction.given"):
    """This tenant instructed us, as its processor, by a text that the opening holds."""

    sha256: Private[str]
    text: Private[str]


class NoticeMailed(Act, frozen=True, kw_only=True, tag="notice.mailed"):
    """What became of the mail by which one owner was told what another entry says."""

    person: str
    result: str
    reason: str


class RoomPublished(Act, frozen=True, kw_only=True, tag="room.published"):
    """Papers were put into the document room, in place of what lay there; by id, the SHA-256 of each."""

    papers: dict[str, str]


class RoomAsked(Act, frozen=True, kw_only=True, tag="room.asked"):
    """A visitor asked to be let into the document room; who they are is forgotten with the request."""


class RoomEntered(Act, frozen=True, kw_only=True, tag="room.entered"):
    """A visitor used their link, once, and is inside for some hours."""


class RoomDecided(Act, frozen=True, kw_only=True, tag="room.decided"):
    """A person let somebody into the document room, or refused or revoked it."""

    decision: str


class RoomAgreed(Act, frozen=True, kw_only=True, tag="room.agreed"):
    """A visitor of the document room agreed to the text they were shown."""

    sha256: str
    name: Private[str]
    address: Private[str]


class RoomViewed(Act, frozen=True, kw_only=True, tag="room.viewed"):
    """A visitor was shown a document of the document room."""

    file: str
    sha256: str


class NewsConfirmed(Act, frozen=True, kw_only=True, tag="news.confirmed"):
    """Somebody agreed, by the link mailed to them, to be told news by us; who that is is forgotten when they leave."""

    topics: list[str]


class NewsLeft(Act, frozen=True, kw_only=True, tag="news.left"):
    """Somebody is told news no more, for they wished so (`asked`) or nobody is there (`gone`), and was forgotten."""

    reason: str
