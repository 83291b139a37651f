"""Why a call failed. The house's own code and sentences are in ``code``, ``detail`` and ``errors``."""

from collections.abc import Sequence


class GatepostError(Exception):
    """Any failure of a call to a house."""


class UnreachableError(GatepostError):
    """No answer, after every try. Whether the house did what was asked is unknown, unless the call has a key."""


class AnswerError(GatepostError):
    """The house refused.

    Attributes:
        status: of HTTP.
        code: stable for ever, such as ``reply.refused``; empty where the answer was not a house's.
        detail: one sentence.
        errors: one sentence for each fault.
    """

    def __init__(self, status: int, code: str, detail: str, errors: Sequence[str] = ()) -> None:
        super().__init__(f"{status} {code}: {'; '.join(errors) or detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)


class AccessError(AnswerError):
    """401 or 403: the key is not valid, or may not do this."""


class MissingError(AnswerError):
    """404 or 410: it is not there, not yours to see, or erased."""


class RefusedError(AnswerError):
    """422: the request, or the gate, says no. Repeating it changes nothing."""


class SignatureError(GatepostError):
    """A webhook was not signed by your house, or is too old: drop it."""


_KINDS: dict[int, type[AnswerError]] = {
    401: AccessError,
    403: AccessError,
    404: MissingError,
    410: MissingError,
    422: RefusedError,
}


def error_for(status: int, code: str, detail: str, errors: Sequence[str]) -> AnswerError:
    """Return the error of an answer."""
    return _KINDS.get(status, AnswerError)(status, code, detail, errors)
