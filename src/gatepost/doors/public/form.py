"""What a plain HTML form sends: few fields, short, of the last one of each name alone."""

from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request

FORM_MAX_OCTETS = 8_192
FIELDS_MAX = 16


async def read_form(request: Request) -> dict[str, list[str]]:
    """Return the values of each field.

    Raises:
        HTTPException: it is longer than ours can be (413), or no form (400).
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_MAX_OCTETS:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=FIELDS_MAX, errors="replace")
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None


def one(form: dict[str, list[str]], name: str, max_chars: int = 2_048) -> str:
    """Return a field's value without blanks around it, cut; empty where there is none."""
    return form.get(name, [""])[-1].strip()[:max_chars]
