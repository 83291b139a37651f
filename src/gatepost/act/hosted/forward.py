"""Passing the message on to somebody the operator named: its text as it was read, in a letter of our own."""

from collections.abc import Awaitable, Callable

from gatepost import mailbox
from gatepost.act.hosted.labels import Label
from gatepost.act.hosted.paper import Call, Passed, Result
from gatepost.act.hosted.tools import Tool
from gatepost.db import Database
from gatepost.decide import capabilities
from gatepost.mail.address import Address, AddressError
from gatepost.mailbox.paper import Email

TEXT_MAX_CHARS = 50_000
SUBJECT_MAX_CHARS = 200

Pass = Callable[[Passed], Awaitable[Result]]
"""Lets the letter set out on the journey; returns what became of it."""


def forward_tool(db: Database, pass_on: Pass) -> Tool:
    """Return the tool. Its recipients are those of the agent's limits, and the outbound policy judges it once more."""

    async def run(call: Call) -> Result:
        addresses = call.arguments["to"]
        try:
            to = tuple(Address.parse(str(each)) for each in addresses) if isinstance(addresses, list) else ()
        except AddressError:
            return Result(value={"reason": "address.invalid"}, is_error=True)
        async with db.transaction(call.turn.tenant) as tx:
            email = await mailbox.get(tx, call.turn.account, call.turn.email)
        if email is None or email.is_erased:
            return Result(value={"reason": "message.gone"}, is_error=True)
        return await pass_on(
            Passed(
                tenant=call.turn.tenant,
                account=call.turn.account,
                agent=call.turn.agent,
                to=to,
                subject=f"Fwd: {' '.join(email.subject.split())}"[:SUBJECT_MAX_CHARS],
                text=text_of(email, str(call.arguments["note"])),
                key=call.key,
            )
        )

    return Tool(
        name="forward",
        description="Forward the message's text, with a note above it. Attachments stay behind.",
        schema={
            "type": "object",
            "properties": {
                "to": {"type": "array", "items": {"type": "string", "maxLength": 320}, "minItems": 1, "maxItems": 10},
                "note": {"type": "string", "maxLength": 5_000},
            },
            "required": ["to", "note"],
            "additionalProperties": False,
        },
        capability=capabilities.FORWARD,
        accepts=Label.SENDER,
        run=run,
        bounds={"to": "recipients"},
        is_repeatable=True,
    )


def text_of(email: Email, note: str) -> str:
    """Return the letter's text: the note, who wrote when, and what."""
    head = f"{note}\n\n" if note else ""
    return (
        f"{head}Forwarded message from {email.author}, {email.received_at:%Y-%m-%d %H:%M} UTC:\n\n"
        f"{email.text[:TEXT_MAX_CHARS]}\n"
    )
