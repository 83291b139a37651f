"""A message reaches us: SMTP sessions, and the paper every other door writes too."""

from gatepost.arrive.limits import Limits
from gatepost.arrive.refusals import Refusal
from gatepost.arrive.reply import Reply
from gatepost.arrive.server import SmtpServer
from gatepost.arrive.tls import Certificate, Pair, self_signed, server_context, why_refused

__all__ = [
    "Certificate",
    "Limits",
    "Pair",
    "Refusal",
    "Reply",
    "SmtpServer",
    "self_signed",
    "server_context",
    "why_refused",
]
