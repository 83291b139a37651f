"""Some hundreds of generated and mutated mails before us, dkimpy and pyspf; `make differential` does thousands."""

from differential.run import run

FIRST = 90_000
COUNT = 240


async def test_every_disagreement_is_of_a_known_class() -> None:
    tally, unknown, _ = await run(FIRST, COUNT, None)
    assert unknown == []
    assert tally["letters"] == COUNT
    assert tally["dkimpy dkim: agrees"] > COUNT * 0.9
    assert tally["pyspf spf: agrees"] > COUNT * 0.9
    assert tally["dkimpy arc: agrees"] > COUNT * 0.9
    assert tally["letters with ARC sets"] > COUNT // 4
    assert tally["letters signed by us"] > COUNT // 8
    assert tally["letters with UTF-8 headers"] > COUNT // 20
