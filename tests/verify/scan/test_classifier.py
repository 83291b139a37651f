import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.verify.paper import ScanResult
from gatepost.verify.scan import classifier
from gatepost.verify.scan.watch import ScannerError
from verify.injection.scene import read


def test_the_question_holds_what_people_see_and_what_they_do_not() -> None:
    asked = json.loads(classifier.request(read("<p>Hi</p><p hidden>not seen</p>", subtype="html", subject="News")))
    assert asked["version"] == 1
    assert asked["subject"] == "News"
    assert "not seen" not in asked["text"]
    assert [each["text"].strip() for each in asked["hidden"]] == ["not seen"]


@pytest.mark.parametrize(
    ("answer", "result", "found"),
    [
        (b'{"score": 0.97, "label": "injection"}', ScanResult.FOUND, "injection"),
        (b'{"score": 0.1, "label": "fine"}', ScanResult.CLEAN, ""),
        (b'{"score": 1}', ScanResult.FOUND, ""),
    ],
)
def test_a_score_is_read(answer: bytes, result: ScanResult, found: str) -> None:
    verdict = classifier.verdict(answer)
    assert (verdict.result, verdict.found) == (result, found)
    assert verdict.score is not None


@given(
    st.binary(max_size=60)
    | st.sampled_from([b"[]", b"{}", b'{"score":2}', b'{"score":true}', b'{"score":0,"label":1}'])
)
def test_anything_else_is_no_score(answer: bytes) -> None:
    with pytest.raises(ScannerError):
        classifier.verdict(answer)


@given(st.text())
def test_any_text_can_be_asked_about(text: str) -> None:
    json.loads(classifier.request(read(text.encode("utf-8", "replace").decode())))
