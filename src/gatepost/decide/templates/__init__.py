"""Policies to begin with, each with tests that show what it does: data, read from this folder."""

from collections.abc import Mapping
from importlib.resources import files

TEMPLATES: Mapping[str, str] = {
    "assistant": "The assistant of one person: the owner commands, colleagues ask.",
    "team-inbox": "A team, its customers, and whoever answers; strangers wait for a person.",
    "invoices": "Known suppliers, documents only; changed bank details wait.",
    "support": "Every proven author, little and often; what steers the agent waits.",
    "alerts": "Monitoring over TLS, text only; nothing is answered.",
    "newsletters": "Subscribed lists, to be read and never acted upon.",
    "recruiting": "Applicants and their documents; instructions to the reader wait.",
    "quarantine": "Every proven mail waits for a person.",
}


def template(name: str) -> str:
    """Return a template as its author wrote it, in YAML; raises ``LookupError``."""
    if name not in TEMPLATES:
        raise LookupError(name)
    return (files(__package__) / f"{name}.yaml").read_text(encoding="utf-8")
