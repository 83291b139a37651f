"""Elasticsearch ``_bulk`` into a data stream: an answer for each item, inside a 200. Pure.

The document's id is the leaf hash and only ``create`` is used, so what is sent twice is stored once: 409 means that it
is there already.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson

from gatepost.egress import is_success
from gatepost.upkeep.siem.answers import again, by_status, read_object, word
from gatepost.upkeep.siem.paper import Destination, Event, Limits, Verdict

CONFLICT = "version_conflict_engine_exception"
_QUERY = "?require_data_stream=true&include_source_on_error=false"


class Elastic:
    """One cluster, data stream and API key (``id:key``, or as Elastic encodes the two)."""

    limits = Limits(events=5000, batch_octets=5_000_000, event_octets=4_000_000)

    def __init__(self, destination: Destination, write: Callable[[Event], Mapping[str, Any]], stream: str) -> None:
        place = destination.place
        key = place.credential
        encoded = base64.b64encode(key.encode()).decode() if ":" in key else key
        self._write = write
        self.url = f"{place.url.rstrip('/')}/{place.index or stream}/_bulk{_QUERY}"
        self.headers: Mapping[str, str] = {
            "Authorization": f"ApiKey {encoded}",
            "Content-Type": "application/x-ndjson",
        }

    def spell(self, event: Event) -> bytes:
        """Return the action's line and the document's, each with its LF."""
        action = orjson.dumps({"create": {"_id": event.leaf_hash}})
        return action + b"\n" + orjson.dumps(self._write(event)) + b"\n"

    def body(self, spelled: Sequence[bytes]) -> bytes:
        """Return all lines; the last one ends in LF too."""
        return b"".join(spelled)

    def judge(self, count: int, status: int, answer: bytes) -> Verdict:
        """Judge each item; 200 alone says nothing."""
        if status == HTTPStatus.NOT_IMPLEMENTED:  # of all of theirs the one that passes with no time
            return Verdict(stop="elastic.http_501")
        if status != HTTPStatus.OK:
            return by_status(count, status, "elastic")
        items = read_object(answer).get("items")
        if not isinstance(items, list) or len(items) != count:
            return again(count, "elastic.unreadable")
        retry: list[int] = []
        dead: dict[int, str] = {}
        stop = alert = reason = ""
        for at, item in enumerate(items):
            found = item.get("create") if isinstance(item, dict) else None
            one = _item(found if isinstance(found, dict) else {})
            stop, alert = stop or one.stop, alert or one.alert
            if one.again:
                retry.append(at)
                reason = one.reason
            elif one.dead:
                dead[at] = one.reason
        return Verdict(again=retry, dead=dead, stop=stop, alert=alert, reason=reason)


def _item(item: Mapping[str, Any]) -> Verdict:
    status = item.get("status")
    error = item.get("error")
    kind = word(error.get("type")) if isinstance(error, dict) else "other"
    if not isinstance(status, int):
        return Verdict(again=[0], reason="elastic.unreadable")
    reason = f"elastic.{status}.{kind}"
    if is_success(status):
        # Success, but the document lies where failed documents lie and no search finds it.
        return Verdict(alert="elastic.failure_store" if item.get("failure_store") == "used" else "")
    if status == HTTPStatus.CONFLICT and kind == CONFLICT:
        return Verdict()
    if status == HTTPStatus.TOO_MANY_REQUESTS or (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED
    ):
        return Verdict(again=[0], reason=reason)
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}:
        return Verdict(stop=reason)
    return Verdict(dead={0: reason}, reason=reason)
