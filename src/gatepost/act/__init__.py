"""What happens to mail is told to whoever asked: by webhook, or as a stream of events."""

from gatepost.act.announce import Announced, announce, announce_settled
from gatepost.act.behind import Behind, Silent, behind, silent
from gatepost.act.bell import Bell
from gatepost.act.paper import CHOICES, EVERYBODYS, Event, EventKind, Logged, State, Webhook
from gatepost.act.registry import (
    Changes,
    Made,
    WebhookError,
    add,
    change,
    deliveries,
    find,
    list_all,
    remove,
    replay,
    rotate,
    test,
)
from gatepost.act.store import listening
from gatepost.act.stream import Streams, TooManyReadersError, page, said
from gatepost.act.stream_store import open_stream
from gatepost.act.tell import Herald
from gatepost.act.telling_store import Filter, Wanted
from gatepost.act.webhook import public_key, standard_secret

__all__ = [
    "CHOICES",
    "EVERYBODYS",
    "Announced",
    "Behind",
    "Bell",
    "Changes",
    "Event",
    "EventKind",
    "Filter",
    "Herald",
    "Logged",
    "Made",
    "Silent",
    "State",
    "Streams",
    "TooManyReadersError",
    "Wanted",
    "Webhook",
    "WebhookError",
    "add",
    "announce",
    "announce_settled",
    "behind",
    "change",
    "deliveries",
    "find",
    "list_all",
    "listening",
    "open_stream",
    "page",
    "public_key",
    "remove",
    "replay",
    "rotate",
    "said",
    "silent",
    "standard_secret",
    "test",
]
