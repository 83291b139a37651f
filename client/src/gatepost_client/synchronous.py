"""The client without asyncio: written from ``asynchronous.py`` by ``client/unasync.py``."""

import random
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from gatepost_client import calls, shapes, sse
from gatepost_client.calls import Call
from gatepost_client.errors import GatepostError, UnreachableError
from gatepost_client.retry import Patience, may_repeat

T = TypeVar("T")

RECEIVED = ("email.received",)
SILENCE_S = 45.0
"""A stream that says nothing for so long, heartbeats included, is broken: it is resumed."""

_FAILED = 400


class Client:
    """A house, for one API key.

    Args:
        base_url: ends in ``/api``, such as ``https://mail.example.com/api``.
        key: an API key; an agent's key is bound to one mailbox.
        mailbox_id: the mailbox to work on; not needed where the key sees exactly one.
        patience: how long to try where the house does not answer or is busy.
        timeout_s: for one answer.
        transport: how requests travel; for tests.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        mailbox_id: int | None = None,
        patience: Patience | None = None,
        timeout_s: float = 30.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._http = httpx2.Client(
            headers={"Authorization": f"Bearer {key}", "User-Agent": "gatepost-client"},
            timeout=timeout_s,
            transport=transport,
            follow_redirects=False,
        )
        self._base_url = base_url.rstrip("/")
        self._mailbox_id = mailbox_id
        self._patience = patience or Patience()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    # --- who and where ---------------------------------------------------------------------------------------------

    def whoami(self) -> shapes.Whoami:
        """Return what the key is."""
        return self._do(calls.WHOAMI)

    def mailboxes(self) -> list[shapes.Mailbox]:
        """Return the mailboxes the key sees."""
        return self._do(calls.MAILBOXES)

    def mailbox_id(self) -> int:
        """Return the mailbox this client works on; raises ``GatepostError`` where the key sees several."""
        if self._mailbox_id is None:
            found = self.mailboxes()
            if len(found) != 1:
                raise GatepostError(f"the key sees {len(found)} mailboxes: say which with mailbox_id=")
            self._mailbox_id = found[0].id
        return self._mailbox_id

    def each(self, listing: Callable[..., shapes.Paged[T]], *about: Any, **asked: Any) -> Generator[T, None, None]:
        """Yield all of a list, page after page: ``each(client.holds, state="released")``, ``each(client.messages)``.

        For ``messages``, ``search``, ``thread``, ``holds``, ``petitions`` and ``deliveries``, with their own arguments;
        ``limit`` is how many are asked for at once.
        """
        cursor: calls.Cursor = asked.pop("cursor", None)
        while True:
            page = listing(*about, cursor=cursor, **asked)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    # --- mail ------------------------------------------------------------------------------------------------------

    def messages(self, *, limit: int = 50, cursor: calls.Cursor = None) -> shapes.Page[shapes.Summary]:
        """Return kept mail, newest first."""
        return self._do(calls.messages(self.mailbox_id(), limit, cursor))

    def search(
        self, words: str, *, limit: int = 50, cursor: calls.Cursor = None, about: str = ""
    ) -> shapes.Page[shapes.Summary]:
        """Return kept mail by its words, such as ``lunch from:example.org has:attachment``.

        An agent needs the capability ``search_mail``, of the message ``about`` which it searches or of its policy.
        """
        return self._do(calls.search(self.mailbox_id(), words, limit, cursor, about))

    def message(self, message_id: str) -> shapes.Message:
        """Return one message with its text and attachments."""
        return self._do(calls.message(self.mailbox_id(), message_id))

    def thread(self, thread_id: str, *, limit: int = 200, cursor: calls.Cursor = None) -> shapes.Thread:
        """Return a conversation, oldest first; where it is longer, ``next_cursor`` continues it."""
        return self._do(calls.thread(self.mailbox_id(), thread_id, limit, cursor))

    def attachment(self, message_id: str, part: int) -> bytes:
        """Return an attachment's octets: a stranger's, and not scanned by this call."""
        return self._do(calls.attachment(self.mailbox_id(), message_id, part))

    def reply(self, message_id: str, text: str, *, idempotency_key: str = "") -> shapes.Sent:
        """Answer a message's proven author. The same text, or the same key, is sent once within 24 hours.

        Raises:
            RefusedError: the gate says no; ``errors`` holds the reason code of its decision.
        """
        box, body = self.mailbox_id(), {"text_body": text}
        return self._do(calls.answer(box, message_id, "reply", body, idempotency_key))

    def bounce(self, message_id: str, reason: str, *, idempotency_key: str = "") -> shapes.Sent:
        """Tell a message's proven author that it is not accepted, and why."""
        box, body = self.mailbox_id(), {"reason": reason}
        return self._do(calls.answer(box, message_id, "bounce", body, idempotency_key))

    def send(
        self, to: str | Sequence[str], subject: str, text: str, *, about: str = "", idempotency_key: str = ""
    ) -> shapes.Sent:
        """Write to somebody whom the policy's ``outbound`` names, once for the same text or key within 24 hours.

        An agent needs the capability ``send``, or ``send_external`` for who is outside: of the message ``about`` which
        it writes, or of its policy's ``onItsOwn``. Errors as those of ``reply``.
        """
        recipients = [to] if isinstance(to, str) else to
        return self._do(calls.send(self.mailbox_id(), recipients, subject, text, idempotency_key, about))

    def propose_sender(self, address: str, why: str, *, about: str = "") -> shapes.Petition:
        """Ask a person to let somebody write (capability ``propose_sender``); ``petition`` says how it ended."""
        return self._do(calls.propose_sender(self.mailbox_id(), address, why, about))

    def petition(self, petition_id: str) -> shapes.Petition:
        """Return how something you asked for stands."""
        return self._do(calls.petition(self.mailbox_id(), petition_id))

    def petitions(self, *, limit: int = 50, cursor: calls.Cursor = None) -> shapes.Page[shapes.Petition]:
        """Return what was asked for, newest first, and how it ended."""
        return self._do(calls.petitions(self.mailbox_id(), limit, cursor))

    def report_usage(
        self, message_id: str, tokens: int, tools: Sequence[str] = (), *, secret: str = "", report_id: str = ""
    ) -> None:
        """Say what was spent on a message. Reports add up: send each once.

        With the ``secret`` of one of the mailbox's endpoints the report is signed: it is repeated where no answer came,
        and one ``report_id``, such as the event's, counts once in ten minutes.
        """
        mailbox_id = self.mailbox_id()
        self._do(calls.usage(mailbox_id, message_id, tokens, tools, secret=secret, report_id=report_id))

    # --- people's part ---------------------------------------------------------------------------------------------

    def policy(self) -> dict[str, Any]:
        """Return the policy in force."""
        return self._do(calls.policy(self.mailbox_id()))

    def set_policy(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Put a policy in force; raises ``RefusedError`` with every fault in ``errors``."""
        return self._do(calls.set_policy(self.mailbox_id(), document))

    def waiting(self, *, limit: int = 50) -> list[shapes.Waiting]:
        """Return all that waits for a person, what ends first at the beginning: mail, calls of agents, petitions."""
        return self._do(calls.waiting(self.mailbox_id(), limit))

    def rule(self, waiting_id: str, digest: str | None, *, is_approved: bool) -> shapes.Ruled:
        """Say yes or no to something of ``waiting``, once; return what became of it.

        A yes, and any word on a call, needs its digest.
        """
        decision = "approve" if is_approved else "deny"
        return self._do(calls.rule(self.mailbox_id(), waiting_id, decision, digest))

    def holds(
        self, *, state: str = "waiting", limit: int = 50, cursor: calls.Cursor = None
    ) -> shapes.Page[shapes.Hold]:
        """Return what waits for a person, newest first; or what was ``released`` or ``refused``."""
        return self._do(calls.holds(self.mailbox_id(), state, limit, cursor))

    def hold(self, hold_id: str) -> shapes.Hold:
        """Return one held message; what it says is shown to approvers alone."""
        return self._do(calls.hold(self.mailbox_id(), hold_id))

    def approve(self, hold_id: str, digest: str) -> shapes.Hold:
        """Let a held message go. ``digest`` is the one the hold showed: the word is about these octets."""
        return self._do(calls.decide(self.mailbox_id(), hold_id, "approve", digest))

    def deny(self, hold_id: str) -> shapes.Hold:
        """Refuse a held message."""
        return self._do(calls.decide(self.mailbox_id(), hold_id, "deny", None))

    def held_calls(self, *, limit: int = 50) -> list[shapes.HeldCall]:
        """Return the calls of hosted agents that wait for a person, the oldest first."""
        return self._do(calls.held_calls(self.mailbox_id(), limit))

    def approve_call(self, turn_id: str, digest: str) -> shapes.ToolCall:
        """Let a held call run, once. ``digest`` is the one it showed: the word is about these arguments."""
        return self._do(calls.settle_call(self.mailbox_id(), turn_id, digest, is_approved=True))

    def deny_call(self, turn_id: str, digest: str) -> shapes.ToolCall:
        """Deny a held call; the turn goes on without it."""
        return self._do(calls.settle_call(self.mailbox_id(), turn_id, digest, is_approved=False))

    # --- webhooks --------------------------------------------------------------------------------------------------

    def webhooks(self) -> list[shapes.Webhook]:
        """Return the endpoints and how they fare."""
        return self._do(calls.webhooks(self.mailbox_id()))

    def add_webhook(self, url: str, events: Sequence[str] = RECEIVED) -> shapes.NewWebhook:
        """Register an endpoint; its secret is shown this once."""
        return self._do(calls.add_webhook(self.mailbox_id(), url, events))

    def change_webhook(self, webhook_id: str, **changes: Any) -> shapes.Webhook:
        """Change ``url``, ``events`` or ``is_stopped``; ``is_stopped=False`` sets a stopped endpoint going."""
        return self._do(calls.change_webhook(self.mailbox_id(), webhook_id, changes))

    def remove_webhook(self, webhook_id: str) -> None:
        """Forget an endpoint."""
        self._do(calls.remove_webhook(self.mailbox_id(), webhook_id))

    def rotate_webhook(self, webhook_id: str, *, overlap_s: int = 86_400) -> shapes.NewWebhook:
        """Replace an endpoint's secret; until the overlap is over both sign."""
        return self._do(calls.rotate_webhook(self.mailbox_id(), webhook_id, overlap_s))

    def test_webhook(self, webhook_id: str) -> shapes.Tested:
        """Send one ``webhook.test`` now and return what the receiver said."""
        return self._do(calls.test_webhook(self.mailbox_id(), webhook_id))

    def replay_webhook(self, webhook_id: str, **wanted: Any) -> int:
        """Have events told again: ``event_ids``, or ``since`` and ``until`` (ISO 8601), ``only_dead``."""
        return self._do(calls.replay_webhook(self.mailbox_id(), webhook_id, wanted)).count

    def deliveries(
        self, webhook_id: str, *, state: str | None = None, limit: int = 50, cursor: calls.Cursor = None
    ) -> shapes.Page[shapes.Delivery]:
        """Return what an endpoint was told, newest first, with every attempt."""
        return self._do(calls.deliveries(self.mailbox_id(), webhook_id, state, limit, cursor))

    # --- events ----------------------------------------------------------------------------------------------------

    def latest_cursor(self) -> int:
        """Return where the stream ends now: follow from here, and nothing that comes is missed."""
        return (self._do(calls.latest(self.mailbox_id()))).next_cursor

    def follow(
        self, events: Sequence[str] = RECEIVED, *, cursor: int | None = None
    ) -> Generator[shapes.Event, None, None]:
        """Yield events as they happen, for ever; what happened while the connection was away comes first.

        Keep ``event.cursor`` once you have dealt with an event, and begin there after a restart: nothing is lost, and
        an event you had not finished comes again. Without ``cursor`` it begins now. ``stream.gap`` says that events
        after your cursor are too old to be told, ``stream.unreadable`` stands for one that could not be read.

        Raises:
            AnswerError: the house refuses this key or this cursor.
        """
        path = f"{self._base_url}{calls.mailbox(self.mailbox_id(), '/events/stream')}"
        parser = sse.Parser("" if cursor is None else str(cursor))
        failures = 0
        while True:
            lines = sse.Lines()
            parser.begin()
            resumed = {"Last-Event-ID": parser.last_id} if parser.last_id else {}
            asked = ""
            try:
                with self._http.stream(
                    "GET", path, params={"event": list(events)}, headers=resumed, timeout=SILENCE_S
                ) as answer:
                    if answer.status_code >= _FAILED:
                        asked = answer.headers.get("Retry-After", "")
                        refusal = calls.failure(answer.status_code, answer.read())
                        if not may_repeat(answer.status_code, is_repeatable=True):
                            raise refusal
                    else:
                        failures = 0
                        for octets in answer.iter_bytes():
                            for line in lines.take(octets):
                                said = parser.take(line)
                                if said is not None:
                                    yield calls.event_of(said, parser.last_id)
            except httpx2.TransportError:
                asked = ""  # it broke: go on where it was
            failures += 1
            time.sleep(self._patience.pause_s(failures, chance=random.random(), asked=asked))  # noqa: S311  # spreads the herd

    # --- how it is asked -------------------------------------------------------------------------------------------

    def _do(self, call: Call[T]) -> T:
        """Ask, and ask again where that is safe and may help."""
        attempt = 0
        while True:
            attempt += 1
            status, asked, body, fault = 0, "", b"", ""
            try:
                answer = self._http.request(
                    call.verb,
                    self._base_url + call.path,
                    params=dict(call.params),
                    content=call.octets,
                    headers=call.headers,
                )
                status, asked, body = answer.status_code, answer.headers.get("Retry-After", ""), answer.content
            except httpx2.TransportError as error:
                fault = type(error).__name__
            refusal = calls.failure(status, body) if status >= _FAILED else None
            if status and (refusal is None or refusal.code == call.done_by != ""):
                return calls.read(call, status, body)
            wait_s = self._patience.wait_s(attempt, chance=random.random(), asked=asked)  # noqa: S311  # as above
            if wait_s is None or not may_repeat(status, is_repeatable=call.is_repeatable):
                raise refusal or UnreachableError(fault)
            time.sleep(wait_s)
