"""The one way out: every outgoing connection, its register, its refusals."""

from gatepost.egress.client import Connected, Egress, Resolve
from gatepost.egress.dialogue import dialogue
from gatepost.egress.http import HttpAnswer, place_of, post, posting, read_url, seconds_asked
from gatepost.egress.lines import Lines
from gatepost.egress.paper import (
    Destination,
    EgressRefusedError,
    Errand,
    Network,
    NextHop,
    Opened,
    Purpose,
    Refused,
    Rule,
    Times,
    UnreachableError,
    UntrustedError,
    is_success,
)
from gatepost.egress.register import Register
from gatepost.egress.spelled import closed_as_spelled, is_address, is_host
from gatepost.egress.talk import Status
from gatepost.egress.tally import Tally

__all__ = [
    "Connected",
    "Destination",
    "Egress",
    "EgressRefusedError",
    "Errand",
    "HttpAnswer",
    "Lines",
    "Network",
    "NextHop",
    "Opened",
    "Purpose",
    "Refused",
    "Register",
    "Resolve",
    "Rule",
    "Status",
    "Tally",
    "Times",
    "UnreachableError",
    "UntrustedError",
    "closed_as_spelled",
    "dialogue",
    "is_address",
    "is_host",
    "is_success",
    "place_of",
    "post",
    "posting",
    "read_url",
    "seconds_asked",
]
