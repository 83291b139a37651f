"""What a form sends is bounded."""

import httpx2
import pytest


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"address=" + b"x" * 9_000, 413),
        (b"&".join(b"a=b" for _ in range(40)), 400),
        (b"", 400),
        (b"\xff\x00%zz", 400),
        (b"address=a%40b.test&topic=none", 400),
    ],
)
async def test_what_is_no_form_of_ours_is_refused(visitor: httpx2.AsyncClient, body: bytes, status: int) -> None:
    got = await visitor.post("/trust/subscribe", content=body)
    assert got.status_code == status
    assert got.headers["content-type"].startswith("text/html")
