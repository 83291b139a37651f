"""The tools every house has: reply, search mail, read attachments, hand over. Each needs no more than the mailbox."""

from collections.abc import Awaitable, Callable
from typing import Any

from gatepost import mailbox
from gatepost.act.hosted.audience import audience_of
from gatepost.act.hosted.grant import granted_for
from gatepost.act.hosted.labels import Label, label_of
from gatepost.act.hosted.paper import Call, Result, Speech, TurnState
from gatepost.act.hosted.prompt import RESULT_MAX_CHARS, described
from gatepost.act.hosted.tools import Tool
from gatepost.db import Database
from gatepost.decide import capabilities

REPLY_MAX_CHARS = 50_000
FOUND_MAX = 10

Say = Callable[[Speech], Awaitable[Result]]
"""Lets a reply set out on the journey; returns what became of it."""


def kit(db: Database, say: Say) -> list[Tool]:
    """Return the tools."""
    desk = _Mail(db, say)
    return [
        Tool(
            name="reply",
            description="Reply to the message's author; the text is the body of the mail.",
            schema=_arguments(text={"type": "string", "minLength": 1, "maxLength": REPLY_MAX_CHARS}),
            capability=capabilities.REPLY,
            accepts=Label.SENDER,
            run=desk.reply,
            bounds={},
            is_repeatable=True,
            answers=True,
        ),
        Tool(
            name="handover",
            description="End this turn and leave the message to a human, with a note for them.",
            schema=_arguments(note={"type": "string", "maxLength": 2_000}),
            capability=capabilities.HANDOVER,
            accepts=Label.ANYBODY,
            run=desk.hand_over,
            bounds={},
            is_repeatable=True,
        ),
        Tool(
            name="search_mail",
            description="Search this mailbox for words; the newest messages that hold all of them.",
            schema=_arguments(query={"type": "string", "minLength": 1, "maxLength": 500}),
            capability=capabilities.SEARCH_MAIL,
            accepts=Label.SENDER,
            run=desk.search,
            bounds={},
            is_repeatable=True,
        ),
        Tool(
            name="read_attachment",
            description="Read the text of one attachment of the message, by its part number.",
            schema=_arguments(part={"type": "integer", "minimum": 1, "maximum": 10_000}),
            capability=capabilities.READ_ATTACHMENT,
            accepts=Label.ANYBODY,
            run=desk.read_attachment,
            bounds={},
            is_repeatable=True,
        ),
    ]


def _arguments(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


class _Mail:
    """Does what the tools say, in the turn's own mailbox."""

    def __init__(self, db: Database, say: Say) -> None:
        self._db = db
        self._say = say

    async def reply(self, call: Call) -> Result:
        """Say it on the journey, where the outbound policy judges it once more."""
        turn = call.turn
        speech = Speech(
            tenant=turn.tenant,
            account=turn.account,
            agent=turn.agent,
            parent=turn.email,
            text=str(call.arguments["text"]),
            key=call.key,
        )
        return await self._say(speech)

    async def hand_over(self, call: Call) -> Result:
        """End the turn; the note lies with the call."""
        del call
        return Result(value={"handed_over": True}, ends=TurnState.HANDED_OVER)

    async def search(self, call: Call) -> Result:
        """Search, and be from now on as good as the worst author found, with what all their grants have in common.

        And with those as audience who are among the people of all that was found.
        """
        try:
            query = mailbox.parse_query(str(call.arguments["query"]))
        except mailbox.QueryError as error:
            return Result(value={"reason": str(error)}, is_error=True)
        async with self._db.transaction(call.turn.tenant) as tx:
            found = await mailbox.search(tx, call.turn.account, query, limit=FOUND_MAX)
            common = [await granted_for(tx, email, call.at) for email in found.emails]
        if not found.emails:
            return Result(value={"messages": []})
        return Result(
            value={"messages": [described(email) for email in found.emails]},
            label=min(label_of(email) for email in found.emails),
            capabilities=frozenset.intersection(*common),
            audience=frozenset.intersection(*map(audience_of, found.emails)),
        )

    async def read_attachment(self, call: Call) -> Result:
        """Read what was found in an attachment: anybody may have written it, whoever sent it on."""
        async with self._db.transaction(call.turn.tenant) as tx:
            email = await mailbox.get(tx, call.turn.account, call.turn.email)
        attachments = email.reading.attachments if email is not None else ()
        found = next(
            (one for one in attachments if one.part == int(str(call.arguments["part"]).partition(".")[0])), None
        )
        if found is None:
            return Result(value={"reason": "attachment.missing"}, is_error=True)
        text = found.text[: RESULT_MAX_CHARS // 2]
        return Result(
            value={
                "filename": found.filename,
                "content_type": found.content_type,
                "extraction": found.extraction.value,
                "text": text,
                "text_is_cut": len(text) < len(found.text),
            },
            label=Label.ANYBODY,
        )
