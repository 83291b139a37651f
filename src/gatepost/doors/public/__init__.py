"""The pages anybody may open: the trust pages, and for who was given a link, where a person rules on what waits."""

from gatepost.doors.public.approval import build
from gatepost.doors.public.held_call import build as build_calls
from gatepost.doors.public.petition import build as build_petitions
from gatepost.doors.public.petition import build_own as build_own_petitions
from gatepost.doors.public.trust import PLACES as TRUST_PLACES
from gatepost.doors.public.trust import build as build_trust

__all__ = ["TRUST_PLACES", "build", "build_calls", "build_own_petitions", "build_petitions", "build_trust"]
