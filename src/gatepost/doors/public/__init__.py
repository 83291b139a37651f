"""The pages anybody may open: for who was given a link, where a person rules on what waits.

The trust pages stand in ``trust`` and ``status`` beside this: few houses have them, and they import much.
"""

from gatepost.doors.public.approval import build
from gatepost.doors.public.held_call import build as build_calls
from gatepost.doors.public.petition import build as build_petitions
from gatepost.doors.public.petition import build_own as build_own_petitions

__all__ = ["build", "build_calls", "build_own_petitions", "build_petitions"]
