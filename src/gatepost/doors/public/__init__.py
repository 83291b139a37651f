"""The pages anybody may open who was given a link: now, the one by which a person rules on a held message."""

from gatepost.doors.public.approval import build

__all__ = ["build"]
