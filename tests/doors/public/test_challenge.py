"""A visitor's nonce, from the form to the leaf."""

import hashlib

import httpx2

from trust.scene import Scene

NONCE = "a-word-nobody-could-have-known"


async def test_a_word_is_sent_and_found_in_a_run_that_began_after_it(
    looked: Scene, visitor: httpx2.AsyncClient
) -> None:
    assert "<form" in (await visitor.get("/trust/challenge")).text
    sent = await visitor.post("/trust/challenge", data={"nonce": NONCE})
    assert (sent.status_code, sent.headers["location"]) == (303, f"/trust/challenge/{NONCE}")
    place = sent.headers["location"]
    assert "the next run answers it" in (await visitor.get(place)).text
    await looked.engine().round()
    await looked.publish()
    page = (await visitor.get(place)).text
    digest = hashlib.sha256(NONCE.encode()).hexdigest()
    assert digest in page
    leaf = page.partition("/trust/log/entries/")[2].partition('"')[0]
    told = (await visitor.get(f"/trust/log/entries/{leaf}")).json()
    assert (told["action"], told["detail"]["nonces_sha256"]) == ("challenge.answered", [digest])
    assert (await visitor.get(f"/trust/log/proofs/{leaf}.tlog-proof")).status_code == 200


async def test_what_is_no_word_is_refused_and_many_are_asked_to_wait(visitor: httpx2.AsyncClient) -> None:
    for bad in (*["short"] * 8, "with blanks in it, and long", "x" * 129):  # more than the turns one address has
        assert (await visitor.post("/trust/challenge", data={"nonce": bad})).status_code == 400
    assert (await visitor.get("/trust/challenge/none")).status_code == 404
    assert (await visitor.get(f"/trust/challenge/{NONCE}")).status_code == 404
    got = [await visitor.post("/trust/challenge", data={"nonce": f"{NONCE}-{number}"}) for number in range(8)]
    assert got[0].status_code == 303
    assert got[-1].status_code == 429
    assert "retry-after" in got[-1].headers
