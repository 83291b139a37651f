"""Attachments of kept messages, decoded: a stranger's file, handed over so that no browser ever runs it."""

import asyncio
import re
from urllib.parse import quote

from fastapi import APIRouter, Response

from gatepost.decide import capabilities
from gatepost.doors.rest.auth import HouseDep, MailReader
from gatepost.doors.rest.granted import OnMessage, demand
from gatepost.doors.rest.messages import kept, octets_of
from gatepost.doors.rest.parameters import MailboxId, MessageId, Part
from gatepost.doors.rest.problems import missing
from gatepost.mail import mime

_NAME_MAX_CHARS = 120
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}", re.ASCII)

router = APIRouter(prefix="/v1/mailboxes/{mailbox_id}", tags=["messages"])


def disposition(filename: str, part: int) -> str:
    """Spell ``Content-Disposition`` (RFC 6266): download it, under a name without folders or control characters."""
    name = re.split(r"[/\\]", filename)[-1]
    name = "".join(char for char in name if char.isprintable()).strip(" .")[:_NAME_MAX_CHARS]
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name) or f"attachment-{part}"
    if name in {"", plain}:
        return f'attachment; filename="{plain}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def media_type(content_type: str) -> str:
    """Return the type as the sender named it where it is one, else ``application/octet-stream``."""
    lowered = content_type.lower()
    return lowered if _MEDIA_TYPE.fullmatch(lowered) else "application/octet-stream"


@router.get(
    "/messages/{message_id}/attachments/{part}",
    summary="Download an attachment",
    response_class=Response,
    responses={200: {"description": "The decoded octets.", "content": {"application/octet-stream": {}}}},
)
async def attachment(
    mailbox_id: MailboxId, message_id: MessageId, part: Part, house: HouseDep, principal: MailReader, shown: OnMessage
) -> Response:
    """Return one attachment, decoded, always as a download. An agent's key needs the capability `read_attachment`."""
    email = await kept(house, principal, mailbox_id, message_id)
    await demand(house, principal, email.account, shown, capabilities.READ_ATTACHMENT, message=email.id)
    listed = next((one for one in email.reading.attachments if one.part == part), None)
    if listed is None:
        raise missing("attachment")
    raw = await octets_of(house, principal, email)
    leaf = email.reading.leaf(part)
    octets = await asyncio.to_thread(mime.content_of, raw, leaf)  # megabytes of base64: not on the loop
    headers = {"Content-Disposition": disposition(listed.filename, part)}
    return Response(octets, media_type=media_type(listed.content_type), headers=headers)
