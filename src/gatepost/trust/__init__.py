"""What we tell the public, derived from what we measure: claims, the checks behind them, the public trust log."""

from gatepost.trust.challenge import Challenge, NonceError, TooManyError
from gatepost.trust.challenge import ask as ask_challenge
from gatepost.trust.challenge import read as read_challenge
from gatepost.trust.document import Claims, Listed, history_row, spelled
from gatepost.trust.lint import faults
from gatepost.trust.operator import Operator, OperatorError, faults_of, read_operator
from gatepost.trust.paper import Claim, ClaimClass, Finding, Outcome, Result, Shown
from gatepost.trust.read import (
    claims_of_folder,
    is_any_older,
    read_checkpoint,
    read_claims,
    read_deeds,
    read_entry,
    read_history,
    read_outside,
    read_proof,
    read_revisions,
    read_tile,
    read_vkey,
    read_words,
)
from gatepost.trust.world import Canary, Endpoint, World

__all__ = [
    "Canary",
    "Challenge",
    "Claim",
    "ClaimClass",
    "Claims",
    "Endpoint",
    "Finding",
    "Listed",
    "NonceError",
    "Operator",
    "OperatorError",
    "Outcome",
    "Result",
    "Shown",
    "TooManyError",
    "World",
    "ask_challenge",
    "claims_of_folder",
    "faults",
    "faults_of",
    "history_row",
    "is_any_older",
    "read_challenge",
    "read_checkpoint",
    "read_claims",
    "read_deeds",
    "read_entry",
    "read_history",
    "read_operator",
    "read_outside",
    "read_proof",
    "read_revisions",
    "read_tile",
    "read_vkey",
    "read_words",
    "spelled",
]
