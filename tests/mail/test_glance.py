import re
import threading

from hypothesis import given
from hypothesis import strategies as st

from gatepost.mail.glance import Glance

PATTERNS = (rb"\t", rb"  ", rb" \r", rb"[a-b]{3}", rb"\n[ >]")
GLANCE = Glance(*PATTERNS)


@given(st.binary(max_size=40) | st.text("ab \t\r\n>", max_size=40).map(str.encode))
def test_a_glance_sees_what_a_search_for_each_finds(octets: bytes) -> None:
    assert sorted(GLANCE.see(octets)) == [at for at, pattern in enumerate(PATTERNS) if re.search(pattern, octets)]


def test_what_occurs_often_is_seen_once() -> None:
    assert GLANCE.see(b"\t" * 100_000) == [0]


def test_threads_look_at_the_same_time() -> None:
    seen: list[list[int]] = []
    threads = [
        threading.Thread(target=lambda at=at: seen.extend(GLANCE.see(b"x" * 10_000 + b"\t" * at) for _ in range(200)))
        for at in (0, 1, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [[]] * 200 + [[0]] * 400
