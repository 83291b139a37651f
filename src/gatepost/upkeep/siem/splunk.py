"""Splunk's HTTP Event Collector: events one after another, result codes 0 to 27, acknowledgements. Pure.

One channel per destination, and one for its tests: acknowledgements are numbered within it.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson

from gatepost.egress import is_success
from gatepost.upkeep.siem.answers import again, by_status, read_object
from gatepost.upkeep.siem.paper import Confirmed, Destination, Event, Limits, Verdict

PATH = "/services/collector/event"
ACK_PATH = "/services/collector/ack"
_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)

SUCCESS = 0
NEAR_LIMIT = frozenset({24, 25})  # taken; slow down, and do not send it again
BUSY = frozenset({8, 9, 18, 19, 20, 23, 26, 27})
FAULTY_EVENT = frozenset({6, 12, 13, 15})
STOP = frozenset({1, 2, 3, 4, 5, 7, 10, 11, 14, 16, 17, 21, 22})
"""A person must act. 5 (no data) and 17 (healthy) are no answers to events: something else answers there."""

STOP_ASKING = frozenset({1, 2, 3, 4, 14, 16})
"""Of these a question about acknowledgements is no better next time. A channel that was idle (10, 11) is made anew."""


class Splunk:
    """One collector and token.

    Args:
        destination: whose place names the collector; its path may be left out.
        write: spells an entry in the destination's format.
        is_test: while it lasts, the log's own batches may wait under the same numbers.
    """

    limits = Limits(events=1000, batch_octets=1_000_000, event_octets=900_000)

    def __init__(
        self, destination: Destination, write: Callable[[Event], Mapping[str, Any]], *, is_test: bool = False
    ) -> None:
        place = destination.place
        self._write = write
        self._index = place.index
        self._wants_ack = destination.wants_ack
        root = place.url.rstrip("/").removesuffix(PATH).removesuffix("/services/collector")
        channel = str(uuid.uuid5(uuid.NAMESPACE_URL, f"gatepost:{destination.id}{':test' if is_test else ''}"))
        self.url = root + PATH
        self.ack_url = f"{root}{ACK_PATH}?channel={channel}"
        self.headers: Mapping[str, str] = {
            "Authorization": f"Splunk {place.credential}",
            "Content-Type": "application/json",
            **({"X-Splunk-Request-Channel": channel} if self._wants_ack else {}),
        }

    def spell(self, event: Event) -> bytes:
        """Return the event with its three marks as indexed fields."""
        said: dict[str, Any] = {
            "time": round(event.at.timestamp(), 3),
            "host": event.log_origin.partition("/")[0],
            "source": "gatepost",
            "sourcetype": "gatepost:audit",
            "event": self._write(event),
            "fields": event.marks,
        }
        if self._index:
            said["index"] = self._index
        return orjson.dumps(said)

    def body(self, spelled: Sequence[bytes]) -> bytes:
        """Return the events one after another: no array, no comma."""
        return b"\n".join(spelled)

    def judge(self, count: int, status: int, answer: bytes) -> Verdict:
        """Judge by the result code; by the HTTP status where there is none."""
        said = read_object(answer)
        code = said.get("code")
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or not isinstance(code, int) or isinstance(code, bool):
            return by_status(count, status, "splunk")
        reason = f"splunk.{code}"
        if is_success(status) and (code == SUCCESS or code in NEAR_LIMIT):
            return self._taken(code, said.get("ackId"), reason)
        if code in BUSY:
            return again(count, reason)
        if code in FAULTY_EVENT:
            return _isolate(count, said.get("invalid-event-number"), reason)
        if code in STOP:
            return Verdict(stop=reason)
        return by_status(count, status, "splunk")

    def _taken(self, code: int, ack: object, reason: str) -> Verdict:
        is_slow = code in NEAR_LIMIT
        if not self._wants_ack:
            return Verdict(is_slow=is_slow, reason=reason if is_slow else "")
        if isinstance(ack, int) and not isinstance(ack, bool):
            return Verdict(is_slow=is_slow, ack=ack, reason=reason if is_slow else "")
        if is_slow:  # 24 and 25 forbid sending again, with or without a number to ask for
            return Verdict(is_slow=True, alert="splunk.ack_missing", reason=reason)
        return Verdict(stop="splunk.ack_missing")

    def ask(self, acks: Iterable[int]) -> bytes:
        """Return the body that asks whether batches are indexed."""
        return orjson.dumps({"acks": list(acks)})

    def indexed(self, status: int, answer: bytes) -> Confirmed:
        """Return which batches the answer to ``ask`` says are indexed; it says so of each only once."""
        said = read_object(answer)
        code, acks = said.get("code"), said.get("acks")
        if status != HTTPStatus.OK and isinstance(code, int) and code in STOP_ASKING:
            return Confirmed(stop=f"splunk.{code}")
        if status != HTTPStatus.OK or not isinstance(acks, dict):
            return Confirmed()
        return Confirmed(frozenset(int(at) for at, is_so in acks.items() if is_so is True and _NUMBER.fullmatch(at)))


def _isolate(count: int, number: object, reason: str) -> Verdict:
    """Take the one faulty event out and send the others again; where it is not named, halve.

    Those before it may have been indexed already: a repetition shows by its leaf hash, a loss would not.
    """
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < count:
        return Verdict(dead={number: reason}, again=[each for each in range(count) if each != number], reason=reason)
    return Verdict(is_split=True, reason=reason)
