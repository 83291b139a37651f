"""Who really sent it, and what the content scanners saw: evidence, never judgement."""

from gatepost.verify.authenticate import authenticate
from gatepost.verify.check import check
from gatepost.verify.paper import Verified

__all__ = ["Verified", "authenticate", "check"]
