"""Every call as a value: what is asked, how the answer is read, whether it may be asked twice. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any, Generic, TypeVar

import msgspec

from gatepost_client import shapes
from gatepost_client.errors import AnswerError, error_for
from gatepost_client.sse import Said
from gatepost_client.webhook import sign

T = TypeVar("T")
LONG_AGO = datetime.fromtimestamp(0, UTC)
"""The time of what has none."""

PLACE_MAX_DIGITS = 16

Value = str | int | bool | None
Cursor = str | int | None


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request.

    Attributes:
        read: from the answer's octets to its value.
        is_repeatable: asking twice does no more than asking once.
        key: the caller's own name for the call, sent as ``Idempotency-Key``.
        about: the message that is worked on, sent as ``Gatepost-Message``.
        seal: the header fields of a signature over ``octets``.
        done_by: the code of the refusal that says: an earlier attempt did it.
    """

    verb: str
    path: str
    read: Callable[[bytes], T]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    is_repeatable: bool = True
    key: str = ""
    about: str = ""
    seal: Mapping[str, str] = field(default_factory=dict)
    done_by: str = ""

    @property
    def octets(self) -> bytes | None:
        """The request's body, the same in every attempt."""
        return None if self.body is None else msgspec.json.encode(dict(self.body))

    @property
    def headers(self) -> dict[str, str]:
        """The header fields of our own."""
        kind = "" if self.body is None else "application/json"
        named = {"Content-Type": kind, "Idempotency-Key": self.key, "Gatepost-Message": self.about, **self.seal}
        return {name: value for name, value in named.items() if value}


def reader(shape: type[T]) -> Callable[[bytes], T]:
    """Return what reads an answer of this shape."""
    return msgspec.json.Decoder(shape).decode


def items_of(shape: type[T]) -> Callable[[bytes], list[T]]:
    """Return what reads the ``items`` of an answer."""
    outer, inner = msgspec.json.Decoder(shapes.Items), msgspec.json.Decoder(list[shape])  # type: ignore[valid-type]  # a type by argument
    return lambda octets: inner.decode(outer.decode(octets).items)


def nothing(_octets: bytes) -> None:
    """Read an answer without a body."""


def given(**params: Value | Sequence[str]) -> dict[str, Any]:
    """Return the parameters that were given."""
    return {name: value for name, value in params.items() if value is not None}


def failure(status: int, body: bytes) -> AnswerError:
    """Return the error of a refused call."""
    try:
        problem = msgspec.json.decode(body, type=shapes.Problem)
    except msgspec.DecodeError:
        problem = shapes.Problem()
    code = problem.type.rpartition("/")[2]
    return error_for(status, code, problem.detail or problem.title, problem.errors)


def read(call: Call[T], status: int, body: bytes) -> T:
    """Return what a call answered; raises ``AnswerError`` where it is not what a house says."""
    try:
        return call.read(body)
    except msgspec.DecodeError as error:
        raise AnswerError(status, "", "the answer is not what a house says") from error


def event_of(said: Said, place: str) -> shapes.Event:
    """Return an event of the stream with its place; one that cannot be read stops nobody who knows where to go on.

    Raises:
        AnswerError: it has no place either: no house says such a thing.
    """
    is_place = place.isascii() and place.isdigit() and len(place) <= PLACE_MAX_DIGITS
    cursor = int(place) if is_place else 0
    if said.name == "stream.gap":
        return shapes.Event(id="", type="stream.gap", timestamp=LONG_AGO, data={}, cursor=cursor)
    try:
        event = msgspec.json.decode(said.data, type=shapes.Event)
    except msgspec.DecodeError as error:
        if not is_place:
            raise AnswerError(200, "", "the stream is not what a house says") from error
        return shapes.Event(id="", type="stream.unreadable", timestamp=LONG_AGO, data={}, cursor=cursor)
    return msgspec.structs.replace(event, cursor=cursor)


def mailbox(mailbox_id: int, rest: str = "") -> str:
    """Return a path below a mailbox."""
    return f"/v1/mailboxes/{mailbox_id}{rest}"


WHOAMI = Call("GET", "/v1/whoami", reader(shapes.Whoami))
MAILBOXES = Call("GET", "/v1/mailboxes", items_of(shapes.Mailbox))


def messages(mailbox_id: int, limit: int, cursor: Cursor) -> Call[shapes.Page[shapes.Summary]]:
    """Ask for kept mail, newest first."""
    params = given(limit=limit, cursor=cursor)
    return Call("GET", mailbox(mailbox_id, "/messages"), reader(shapes.Page[shapes.Summary]), params)


def search(mailbox_id: int, words: str, limit: int, cursor: Cursor, about: str) -> Call[shapes.Page[shapes.Summary]]:
    """Ask for kept mail by its words."""
    params = given(q=words, limit=limit, cursor=cursor)
    return Call("GET", mailbox(mailbox_id, "/search"), reader(shapes.Page[shapes.Summary]), params, about=about)


def message(mailbox_id: int, message_id: str) -> Call[shapes.Message]:
    """Ask for one message."""
    return Call("GET", mailbox(mailbox_id, f"/messages/{message_id}"), reader(shapes.Message))


def thread(mailbox_id: int, thread_id: str, limit: int, cursor: Cursor) -> Call[shapes.Thread]:
    """Ask for a conversation."""
    params = given(limit=limit, cursor=cursor)
    return Call("GET", mailbox(mailbox_id, f"/threads/{thread_id}"), reader(shapes.Thread), params)


def attachment(mailbox_id: int, message_id: str, part: int) -> Call[bytes]:
    """Ask for an attachment's octets."""
    return Call("GET", mailbox(mailbox_id, f"/messages/{message_id}/attachments/{part}"), bytes)


def answer(mailbox_id: int, message_id: str, verb: str, body: Mapping[str, str], key: str) -> Call[shapes.Sent]:
    """Reply or bounce. The same text, or the same key, is sent once within 24 hours: repeatable by nature."""
    path = mailbox(mailbox_id, f"/messages/{message_id}/{verb}")
    return Call("POST", path, reader(shapes.Sent), body=body, key=key)


def send(mailbox_id: int, to: Sequence[str], subject: str, text: str, key: str, about: str) -> Call[shapes.Sent]:
    """Write to somebody; as often repeatable as ``answer``."""
    body = {"to": list(to), "subject": subject, "text_body": text}
    return Call("POST", mailbox(mailbox_id, "/messages"), reader(shapes.Sent), body=body, key=key, about=about)


def propose_sender(mailbox_id: int, address: str, why: str, about: str) -> Call[shapes.Petition]:
    """Ask that somebody may write. The same question while it waits is the same petition."""
    path = mailbox(mailbox_id, "/petitions/sender")
    return Call("POST", path, reader(shapes.Petition), body={"address": address, "why": why}, about=about)


def petition(mailbox_id: int, petition_id: str) -> Call[shapes.Petition]:
    """Ask how a petition stands."""
    return Call("GET", mailbox(mailbox_id, f"/petitions/{petition_id}"), reader(shapes.Petition))


def petitions(mailbox_id: int, limit: int, cursor: Cursor) -> Call[shapes.Page[shapes.Petition]]:
    """Ask what was asked for, newest first."""
    params = given(limit=limit, cursor=cursor)
    return Call("GET", mailbox(mailbox_id, "/petitions"), reader(shapes.Page[shapes.Petition]), params)


def waiting(mailbox_id: int, limit: int) -> Call[list[shapes.Waiting]]:
    """Ask for all that waits for a person."""
    return Call("GET", mailbox(mailbox_id, "/waiting"), items_of(shapes.Waiting), given(limit=limit))


def rule(mailbox_id: int, waiting_id: str, decision: str, digest: str | None) -> Call[shapes.Ruled]:
    """Rule on something that waits."""
    path = mailbox(mailbox_id, f"/waiting/{waiting_id}/decision")
    return Call("POST", path, reader(shapes.Ruled), body=given(decision=decision, digest=digest), is_repeatable=False)


def usage(
    mailbox_id: int, message_id: str, tokens: int, tools: Sequence[str], *, secret: str = "", report_id: str = ""
) -> Call[None]:
    """Report what was spent. Reports add up, so one that is not signed is never repeated."""
    path = mailbox(mailbox_id, f"/messages/{message_id}/usage")
    plain = Call("POST", path, nothing, body={"tokens": tokens, "tools": list(tools)}, is_repeatable=False)
    if not secret:
        return plain
    seal = sign(plain.octets or b"", secret, identifier=report_id or f"ur_{token_hex(12)}")
    return replace(plain, seal=seal, is_repeatable=True, done_by="reservation.settled")


def policy(mailbox_id: int) -> Call[dict[str, Any]]:
    """Ask for the policy in force."""
    return Call("GET", mailbox(mailbox_id, "/policy"), reader(dict[str, Any]))


def set_policy(mailbox_id: int, document: Mapping[str, Any]) -> Call[dict[str, Any]]:
    """Put a policy in force."""
    return Call("PUT", mailbox(mailbox_id, "/policy"), reader(dict[str, Any]), body=document)


def webhooks(mailbox_id: int) -> Call[list[shapes.Webhook]]:
    """Ask for the endpoints."""
    return Call("GET", mailbox(mailbox_id, "/webhooks"), items_of(shapes.Webhook))


def add_webhook(mailbox_id: int, url: str, events: Sequence[str]) -> Call[shapes.NewWebhook]:
    """Register an endpoint."""
    body = {"url": url, "events": list(events)}
    path = mailbox(mailbox_id, "/webhooks")
    return Call("POST", path, reader(shapes.NewWebhook), body=body, is_repeatable=False)


def change_webhook(mailbox_id: int, webhook_id: str, changes: Mapping[str, Any]) -> Call[shapes.Webhook]:
    """Change an endpoint."""
    return Call("PATCH", mailbox(mailbox_id, f"/webhooks/{webhook_id}"), reader(shapes.Webhook), body=changes)


def remove_webhook(mailbox_id: int, webhook_id: str) -> Call[None]:
    """Forget an endpoint."""
    return Call("DELETE", mailbox(mailbox_id, f"/webhooks/{webhook_id}"), nothing, is_repeatable=False)


def rotate_webhook(mailbox_id: int, webhook_id: str, overlap_s: int) -> Call[shapes.NewWebhook]:
    """Replace an endpoint's secret."""
    path = mailbox(mailbox_id, f"/webhooks/{webhook_id}/rotate")
    return Call("POST", path, reader(shapes.NewWebhook), body={"overlap_s": overlap_s}, is_repeatable=False)


def test_webhook(mailbox_id: int, webhook_id: str) -> Call[shapes.Tested]:
    """Test an endpoint."""
    return Call("POST", mailbox(mailbox_id, f"/webhooks/{webhook_id}/test"), reader(shapes.Tested))


def replay_webhook(mailbox_id: int, webhook_id: str, wanted: Mapping[str, Any]) -> Call[shapes.Count]:
    """Have events told again."""
    path = mailbox(mailbox_id, f"/webhooks/{webhook_id}/replay")
    return Call("POST", path, reader(shapes.Count), body=wanted, is_repeatable=False)


def deliveries(
    mailbox_id: int, webhook_id: str, state: str | None, limit: int, cursor: Cursor
) -> Call[shapes.Page[shapes.Delivery]]:
    """Ask for an endpoint's delivery log."""
    path = mailbox(mailbox_id, f"/webhooks/{webhook_id}/deliveries")
    return Call("GET", path, reader(shapes.Page[shapes.Delivery]), given(state=state, limit=limit, cursor=cursor))


def latest(mailbox_id: int) -> Call[shapes.Place]:
    """Ask where the stream ends now."""
    return Call("GET", mailbox(mailbox_id, "/events"), reader(shapes.Place))


def holds(mailbox_id: int, state: str, limit: int, cursor: Cursor) -> Call[shapes.Page[shapes.Hold]]:
    """Ask for what waits for a person, or waited."""
    params = given(state=state, limit=limit, cursor=cursor)
    return Call("GET", mailbox(mailbox_id, "/holds"), reader(shapes.Page[shapes.Hold]), params)


def hold(mailbox_id: int, hold_id: str) -> Call[shapes.Hold]:
    """Ask for one held message."""
    return Call("GET", mailbox(mailbox_id, f"/holds/{hold_id}"), reader(shapes.Hold))


def decide(mailbox_id: int, hold_id: str, decision: str, digest: str | None) -> Call[shapes.Hold]:
    """Rule on a held message."""
    body = given(decision=decision, digest=digest)
    path = mailbox(mailbox_id, f"/holds/{hold_id}/decision")
    return Call("POST", path, reader(shapes.Hold), body=body, is_repeatable=False)


def held_calls(mailbox_id: int, limit: int) -> Call[list[shapes.HeldCall]]:
    """Ask for the calls of hosted agents that wait for a person."""
    return Call("GET", mailbox(mailbox_id, "/turns/held"), items_of(shapes.HeldCall), given(limit=limit))


def settle_call(mailbox_id: int, turn_id: str, digest: str, *, is_approved: bool) -> Call[shapes.ToolCall]:
    """Rule on one of them."""
    path = mailbox(mailbox_id, f"/turns/{turn_id}/calls/{digest}")
    return Call("POST", path, reader(shapes.ToolCall), body={"is_approved": is_approved}, is_repeatable=False)
