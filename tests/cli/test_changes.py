from gatepost.cli.changes import lines
from gatepost.decide.diff import Change


def test_each_change_has_its_place_and_its_texts_below() -> None:
    changes = [
        Change("groups.staff", '"ann@a.example"', ""),
        Change("groups.staff", "", '"bob@a.example"'),
        Change("senders[0]", "", '{"name":"new"}'),
        Change("senders[1]", '{"name":"b"}', '{"name":"b"}', "senders[4]"),
        Change("senders[2].labels", "", '["x\x1b[31m"]', "senders[1]"),
        Change("senders[3]", '{"name":"old"}', ""),
    ]
    assert list(lines(changes)) == [
        "groups.staff",
        '  - "ann@a.example"',
        '  + "bob@a.example"',
        "senders[0]: new",
        '  + {"name":"new"}',
        "senders[1]: moved, it was senders[4]",
        "senders[2].labels (of what was senders[1])",
        '  + ["x [31m"]',
        "senders[3]: gone",
        '  - {"name":"old"}',
    ]
    assert list(lines([])) == []
