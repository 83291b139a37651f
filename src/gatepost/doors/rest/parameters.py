"""What paths and queries may hold, checked before any room is asked."""

from typing import Annotated

from fastapi import Header, Path, Query
from pydantic import AwareDatetime

from gatepost.deliver.paper import HoldState
from gatepost.record.paper import Kind
from gatepost.workbench.paper import ProposalState

_ID = r"^[A-Za-z0-9_-]{1,80}$"

MailboxId = Annotated[int, Path(ge=1, le=2**53 - 1, description="The mailbox's number.", examples=[1])]
MessageId = Annotated[str, Path(pattern=_ID, description="The message's id.", examples=["em_aaaaaaaaaaaaaaaa"])]
WorkedOn = Annotated[
    str | None,
    Header(
        alias="Gatepost-Message",
        pattern=_ID,
        description="The message that is worked on, whose grant is to count. For agents' keys.",
    ),
]
ThreadId = Annotated[str, Path(pattern=_ID, description="The thread's id.", examples=["th_aaaaaaaaaaaaaaaa"])]
WebhookId = Annotated[str, Path(pattern=_ID, description="The webhook's id.", examples=["wh_aaaaaaaaaaaaaaaa"])]
ExportId = Annotated[str, Path(pattern=_ID, description="The destination's id.", examples=["ex_aaaaaaaaaaaaaaaa"])]
TurnId = Annotated[str, Path(pattern=_ID, description="The turn's id.", examples=["tu_aaaaaaaaaaaaaaaa"])]
CallDigest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="The digest the held call was shown under.")]
Since = Annotated[AwareDatetime | None, Query(description="From this instant on (RFC 3339).")]
Until = Annotated[AwareDatetime | None, Query(description="Before this instant (RFC 3339).")]
HoldId = Annotated[str, Path(pattern=_ID, description="The hold's id.", examples=["ho_aaaaaaaaaaaaaaaa"])]
PetitionId = Annotated[str, Path(pattern=_ID, description="The petition's id.", examples=["pt_aaaaaaaaaaaaaaaa"])]
WaitingId = Annotated[
    str, Path(pattern=_ID, description="The id it was listed under.", examples=["tu_aaaaaaaaaaaaaaaa"])
]
LegalHoldId = Annotated[str, Path(pattern=_ID, description="The legal hold's id.", examples=["lh_aaaaaaaaaaaaaaaa"])]
TemplateName = Annotated[str, Path(pattern=r"^[a-z-]{1,40}$", description="The template's name.")]
VersionNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="The version's number.")]
VersionCursor = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Continue below this version.")]
OfPolicy = Annotated[
    int | None, Query(ge=0, le=2**53 - 1, description="The mailbox whose policy is meant; 0: the tenant's.")
]
DraftReplayId = Annotated[str, Path(pattern=_ID, description="The replay's id.", examples=["dr_aaaaaaaaaaaaaaaa"])]
ProposalId = Annotated[str, Path(pattern=_ID, description="The proposal's id.", examples=["pp_aaaaaaaaaaaaaaaa"])]
OfProposals = Annotated[ProposalState | None, Query(alias="state", description="Only proposals that stand there.")]
ChangeCursor = Annotated[int, Query(ge=0, le=2**53 - 1, description="Continue after this entry.")]
Days = Annotated[int, Query(ge=1, le=3_650, description="How far back.")]
Why = Annotated[str, Query(max_length=500, description="What the change is for; stays with the version.")]
TenantWide = Annotated[bool, Query(description="It is meant to stand above all mailboxes.")]
About = Annotated[str, Path(pattern=r"^[A-Za-z0-9._-]{1,80}$", description="A sub-processor's or a document's id.")]
Part = Annotated[int, Path(ge=0, le=10_000, description="The attachment's number within the message.")]
TenantName = Annotated[str, Path(pattern=_ID, description="The tenant's id.")]
LeafIndex = Annotated[int, Path(ge=0, le=2**53 - 1, description="Position in the log, from 0.")]

TilePath = Annotated[str, Path(max_length=200, description="`<level>/<n>[.p/<width>]` or `entries/<n>[.p/<width>]`.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
EntryCursor = Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Continue below this entry.")]
ListCursor = Annotated[
    str | None,
    Query(
        pattern=r"^[A-Za-z0-9_-]{1,120}$",
        description="The last page's `next_cursor`: continue after it. It fits the same list alone.",
    ),
]
OfState = Annotated[HoldState, Query(description="Only holds that stand there.")]
Words = Annotated[
    str,
    Query(
        alias="q",
        min_length=1,
        max_length=1_000,
        description='Words, all of which must be there; "words side by side"; `from:`, `to:`, `subject:`, `filename:`'
        " and a word, the first two also an address or a domain; `has:attachment`; `before:` and `after:` and a day"
        " (UTC); `-` before what may not be there; `abc*` for what begins like that, in people and subjects, not in"
        " texts. Other fields, OR, AND and NOT are refused.",
        examples=["lunch from:example.org -cancelled"],
    ),
]
Proven = Annotated[
    bool | None, Query(description="Only messages whose author's domain was proven, or only the others.")
]
Automatic = Annotated[bool | None, Query(description="Only messages that machines sent, or only the others.")]
EntryNumber = Annotated[int, Path(ge=1, le=2**53 - 1, description="The entry's number.")]
LogCursor = Annotated[
    str | None, Query(pattern=r"^-?[0-9]{1,17}\.[0-9]{1,19}$", description="Continue after this entry.")
]
Sender = Annotated[
    str | None, Query(min_length=1, max_length=300, description="An address, or a domain with all below it.")
]
Recipient = Annotated[
    str | None, Query(min_length=1, max_length=300, description="An address, or a domain with all below it.")
]
OfReason = Annotated[
    str | None, Query(min_length=1, max_length=300, description="A reason code, or a content guard's own reason.")
]
OfActor = Annotated[
    str | None, Query(pattern=_ID, description="Who did it: the id of a key or person, `house`, or `operator`.")
]
OfKind = Annotated[Kind | None, Query(description="Only entries of this kind.")]
OfAction = Annotated[
    str | None,
    Query(pattern=r"^[a-z_.]{1,60}$", description="Only this action: see docs/record.md.", examples=["policy.set"]),
]
OfMailbox = Annotated[int | None, Query(ge=1, le=2**53 - 1, description="Only entries about this mailbox.")]
EntryWords = Annotated[
    str | None,
    Query(
        alias="q",
        min_length=1,
        max_length=300,
        description="Words, all of which must be there: of sender, recipient, a guard's reason, or what an act names.",
    ),
]
OfMessage = Annotated[str | None, Query(pattern=_ID, description="Only the entry of this message.")]
OfThread = Annotated[str | None, Query(pattern=_ID, description="Only entries of this thread.")]


IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{0,255}$",
        description="Your own name for this call: repeating it within 24 hours sends nothing again.",
    ),
]
