"""Asking a witness over HTTP, through egress."""

from gatepost import egress as way
from gatepost.egress import Egress, EgressRefusedError, Errand, Purpose, UnreachableError
from gatepost.ledger.note import NOTE_MAX_OCTETS
from gatepost.ledger.witness import Answer
from gatepost.record.witnesses import Ask

TIMEOUT_S = 5.0


def asking(egress: Egress) -> Ask:
    """Return what posts a body to a witness; it raises for nothing the network or the witness did."""

    async def ask(url: str, body: bytes) -> Answer:
        try:
            said = await way.post(
                egress,
                Errand(Purpose.WITNESS),
                url,
                body,
                {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "Gatepost"},
                timeout_s=TIMEOUT_S,
                answer_max_octets=NOTE_MAX_OCTETS,
            )
        except EgressRefusedError as error:
            return Answer(0, f"egress refused it: {error.rule.value}".encode())
        except TimeoutError:
            return Answer(0, b"no answer in time")
        except UnreachableError:
            return Answer(0, b"it cannot be reached")
        return Answer(said.status_code, said.body)

    return ask
