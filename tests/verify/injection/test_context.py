from gatepost.verify.injection import context
from gatepost.verify.paper import Technique


def test_every_technique_has_its_context() -> None:
    for technique in Technique:
        assert context.of(technique).factor >= 1
        assert context.of(technique).alone >= 0


def test_plain_sight_adds_nothing() -> None:
    assert context.of(None) == context.Context(0.0, 1.0)


def test_style_that_hides_accuses_nobody_alone() -> None:
    assert context.of(Technique.DISPLAY_NONE).alone == 0
    assert context.of(Technique.TAG_CHARACTERS).alone > 0
