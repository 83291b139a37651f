"""``Verified``: an arrival with the evidence about it. Evidence, never judgement."""

from dataclasses import dataclass
from enum import StrEnum

from gatepost.arrive.paper import Arrived, Direction
from gatepost.mail.address import Address
from gatepost.mail.fields import body_sha256
from gatepost.mail.reading import (
    MAX_SPAN_CHARS,
    UNSEEN,
    Attachment,
    Extraction,
    ModelView,
    Reading,
    Span,
    Technique,
)

__all__ = [
    "MAX_SPAN_CHARS",
    "UNSEEN",
    "ArcSeal",
    "ArcVerdict",
    "Attachment",
    "Content",
    "DkimVerdict",
    "DmarcVerdict",
    "Evidence",
    "Extraction",
    "Family",
    "Injection",
    "Language",
    "ModelView",
    "Reading",
    "Result",
    "ScanResult",
    "ScanVerdict",
    "Signal",
    "Span",
    "SpfVerdict",
    "Technique",
    "Verified",
]


class Result(StrEnum):
    """One method's verdict, spelled as Authentication-Results spells it (RFC 8601 section 2.7)."""

    PASS = "pass"  # noqa: S105  # a verdict, not a password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    POLICY = "policy"  # signed, but in a way we do not accept
    NEUTRAL = "neutral"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"

    __hash__ = str.__hash__  # every check asks sets of them; Enum's own is slow


@dataclass(frozen=True, slots=True)
class SpfVerdict:
    """SPF for one identity (RFC 7208); ``identity`` is ``mailfrom`` or ``helo``, ``domain`` the one checked."""

    result: Result
    domain: str
    identity: str
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class IprevVerdict:
    """The reverse name of the client (RFC 8601 section 2.7.3): ``name`` is one that leads back to ``address``."""

    result: Result
    address: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class DkimVerdict:
    """One DKIM-Signature (RFC 6376), in header order; ``domain`` is d=, ``reason`` is for people.

    ``unsigned_octets``: how much of the body l= leaves open to anybody's additions; such a pass proves no author.
    ``unsigned_twin``: the name of a field that may stand once, stands twice and is signed less often; likewise.
    ``is_testing``: the key says t=y, so its owner promises nothing yet.
    ``unsigned_fields``: of a pass, fields that decide how it is read or sorted, and that anybody could have put there.
    ``signs_reply_to``: h= names Reply-To, so that nobody could have added one.
    """

    result: Result
    domain: str
    selector: str
    algorithm: str
    reason: str = ""
    key_bits: int | None = None
    is_aligned: bool = False
    unsigned_octets: int = 0
    unsigned_twin: str = ""
    signs_reply_to: bool = False
    is_testing: bool = False
    unsigned_fields: tuple[str, ...] = ()

    def as_aligned(self) -> "DkimVerdict":
        """Return the same verdict of a signature that stands for the author's domain."""
        return DkimVerdict(
            self.result, self.domain, self.selector, self.algorithm, self.reason, self.key_bits, True,  # noqa: FBT003  # its place
            self.unsigned_octets, self.unsigned_twin, self.signs_reply_to, self.is_testing, self.unsigned_fields,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArcSeal:
    """One ARC set (RFC 8617): who sealed it and what that sealer says it had seen.

    ``claims_aligned``: its ARC-Authentication-Results claims a DMARC pass for our author's domain.
    """

    instance: int
    domain: str
    selector: str
    claims_aligned: bool


@dataclass(frozen=True, slots=True)
class ArcVerdict:
    """The chain as a whole: ``result`` is pass, fail or none (RFC 8617 section 5.2); seals oldest first."""

    result: Result
    seals: tuple[ArcSeal, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DmarcVerdict:
    """DMARC for the author domain (RFC 9989): ``policy`` is the wish in force (none, quarantine, reject) or empty."""

    result: Result
    domain: str
    policy: str = ""
    organizational_domain: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What the message says, for guards and for people: strangers' words, data only.

    Attributes:
        plain: the text/plain bodies as written.
        html: the HTML bodies as written.
        reading: what people and machines make of them.
        reply_to: where answers are wanted; of a stranger's mail, empty unless who proved the author vouches for it too.
        from_shown: the From field as a person reads it, cut to 1,000 characters.
        to_shown: To and Cc likewise, each.
        list_id: of the mailing list it says it came by (RFC 2919); anybody can say so.
        headers: every field of the header on a line of its own, unfolded, as written.
    """

    subject: str
    plain: str
    html: str
    reading: Reading
    message_id: str
    references: tuple[str, ...]
    reply_to: tuple[Address, ...]
    from_shown: str = ""
    to_shown: str = ""
    list_id: str = ""
    headers: str = ""

    @property
    def hidden_text(self) -> str:
        """What the message says where nobody sees it."""
        return "\n".join(span.text for span in self.reading.spans if span.technique in UNSEEN)


MAX_HOPS = 100
"""Received fields above which mail runs in a circle (RFC 5321 section 6.3)."""


class Marker(StrEnum):
    """What says that a machine sent a mail, or that many got it."""

    AUTO_SUBMITTED = "auto-submitted"  # RFC 3834
    NULL_SENDER = "null-sender"
    BOUNCE = "bounce"  # multipart/report, X-Failed-Recipients
    RESPONDER = "responder"  # older fields of vacation programs
    EXCHANGE = "exchange"  # X-Auto-Response-Suppress and its kin
    BULK = "bulk"  # Precedence
    LIST = "list"  # RFC 2919, RFC 2369
    SUBSCRIPTION = "subscription"  # it can be unsubscribed from: many get it, a person may still have written it


@dataclass(frozen=True, slots=True)
class AutoMail:
    """What says that a machine sent it.

    Attributes:
        keyword: of Auto-Submitted, lowercase; ``no`` where absent.
        markers: in alphabetical order, each once.
        hops: Received fields.
        is_own: its Message-ID is one that we wrote: our own mail has come back.
        own_references: how many Message-IDs that we wrote it builds on.
    """

    keyword: str = "no"
    markers: tuple[Marker, ...] = ()
    hops: int = 0
    is_own: bool = False
    own_references: int = 0

    @property
    def answers_own(self) -> bool:
        """Whether it answers a Message-ID that we wrote."""
        return self.own_references > 0

    @property
    def is_automatic(self) -> bool:
        """Whether answering it would be talking to a machine, or to mail that runs in a circle."""
        return self.is_own or self.hops > MAX_HOPS or any(marker is not Marker.SUBSCRIPTION for marker in self.markers)


class Family(StrEnum):
    """What kind of sign of an injection a signal is."""

    OVERRIDE = "override"
    ROLE = "role"
    JAILBREAK = "jailbreak"
    ADDRESSED = "addressed"
    TASK = "task"
    ACTION = "action"
    EXFILTRATION = "exfiltration"
    TOOL = "tool"
    CODE = "code"
    ENCODED = "encoded"
    HIDDEN = "hidden"
    CANARY = "canary"


@dataclass(frozen=True, slots=True)
class Signal:
    """One sign that the message speaks to a machine.

    ``name`` is ``family.what``. ``place`` names the text it stands in, ``start`` and ``end`` count its characters.
    ``weight`` is what it adds to the log-odds of the score.
    """

    name: str
    family: Family
    place: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Injection:
    """How much the message looks like an attempt to steer a machine: evidence, never a verdict.

    Attributes:
        score: 0 to 1, of the worst passage; adding text to a message never lowers it.
        families: what was found in that passage, heaviest first.
        signals: why, heaviest first; at most ``MAX_SIGNALS``.
    """

    score: float = 0.0
    families: tuple[Family, ...] = ()
    signals: tuple[Signal, ...] = ()


class Language(StrEnum):
    """In which language most of a message is written, as BCP 47 (RFC 5646) spells it."""

    ARABIC = "ar"
    BULGARIAN = "bg"
    CHINESE = "zh"
    CZECH = "cs"
    DANISH = "da"
    DUTCH = "nl"
    ENGLISH = "en"
    FINNISH = "fi"
    FRENCH = "fr"
    GERMAN = "de"
    GREEK = "el"
    HEBREW = "he"
    HINDI = "hi"
    HUNGARIAN = "hu"
    ITALIAN = "it"
    JAPANESE = "ja"
    KOREAN = "ko"
    NORWEGIAN = "no"
    PERSIAN = "fa"
    POLISH = "pl"
    PORTUGUESE = "pt"
    ROMANIAN = "ro"
    RUSSIAN = "ru"
    SPANISH = "es"
    SWEDISH = "sv"
    THAI = "th"
    TURKISH = "tr"
    UKRAINIAN = "uk"
    UNKNOWN = "unknown"  # too short, too mixed, or none of these

    __hash__ = str.__hash__  # as above


class ScanResult(StrEnum):
    """What a scanner outside this house says of a message."""

    CLEAN = "clean"
    FOUND = "found"
    UNAVAILABLE = "unavailable"  # no answer in time, or none that can be read: neither clean nor found


@dataclass(frozen=True, slots=True)
class ScanVerdict:
    """One scanner's answer: ``found`` is its own name for what it found, ``score`` 0 to 1 where it gives one."""

    scanner: str
    result: ScanResult
    found: str = ""
    score: float | None = None


_BEST_FIRST = (Result.PASS, Result.TEMPERROR, Result.POLICY, Result.FAIL, Result.PERMERROR, Result.NEUTRAL)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the checks found; nothing here depends on a policy.

    Attributes:
        author: the one RFC 5322 From address; None where there is none or more than one.
        author_problem: why ``author`` is None, as a reason code; empty otherwise.
        is_aligned: an aligned SPF or DKIM pass proves the author's domain, whether or not it publishes DMARC.
        is_unsettled: a DNS failure hides whether it is aligned; a later attempt may know.
        language: of most of the text; None in evidence of before it was told.
        scans: what scanners outside this house say, in the order of the settings; empty where there are none.
        auth: the submitting key was authenticated (RFC 8601 section 2.7.4); False for strangers.
        body_sha256: of the body as received, in hex; empty in evidence that was kept, which does not tell it.
    """

    author: Address | None
    author_problem: str
    spf: SpfVerdict
    helo: SpfVerdict
    dkim: tuple[DkimVerdict, ...]
    dmarc: DmarcVerdict
    arc: ArcVerdict
    is_aligned: bool
    is_unsettled: bool
    content: Content
    injection: Injection = Injection()
    scans: tuple[ScanVerdict, ...] = ()
    auth: bool = False
    iprev: IprevVerdict = IprevVerdict(Result.NONE)
    auto: AutoMail = AutoMail()
    body_sha256: str = ""
    language: Language | None = None

    @property
    def dkim_result(self) -> Result:
        """The one word for all signatures: the best of them, ``none`` without any (RFC 6376 section 6.1)."""
        found = {verdict.result for verdict in self.dkim}
        return next((result for result in _BEST_FIRST if result in found), Result.NONE)


@dataclass(frozen=True, slots=True)
class Verified:
    """The arrival and what is known about it."""

    arrived: Arrived
    evidence: Evidence

    @property
    def body_sha256(self) -> str:
        """The SHA-256, in lowercase hex, of the body as received: all after the first empty line."""
        raw = self.arrived.raw
        known = self.evidence.body_sha256
        return body_sha256(raw) if not known and isinstance(raw, bytes) else known

    @property
    def subject(self) -> str | None:
        """The key of the address of the person outside the house it is about: whose keys seal what is kept of it.

        Of outgoing mail, its first recipient; of incoming, its author, or where it names none, the sender of the
        envelope.
        """
        return self.subject_of(self.arrived.envelope.rcpt_to[0])

    def subject_of(self, recipient: Address) -> str | None:
        """Return the same of what is kept for one of its recipients: of outgoing mail, that recipient's key."""
        if self.arrived.about is not None:
            return self.arrived.about
        if self.arrived.direction is Direction.OUTBOUND:
            return recipient.key
        author = self.evidence.author or self.arrived.envelope.mail_from
        return author.key if author else None
