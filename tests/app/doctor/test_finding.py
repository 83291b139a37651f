from gatepost.app.doctor.finding import Level, failure, ok, warning, worst


def test_the_worst_finding_names_the_whole() -> None:
    assert worst([]) is Level.OK
    assert worst([ok("a.b", "well"), warning("a.c", "hm", "do")]) is Level.WARNING
    assert worst([failure("a.d", "bad", "do"), warning("a.c", "hm", "do")]) is Level.FAILURE
