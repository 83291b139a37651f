from decide.scene import policy
from gatepost.decide.told import tell


def test_each_rule_guard_and_default_is_a_sentence() -> None:
    told = tell(
        policy(
            {"domain": "example.com", "assurance": "none"},
            when={"tls": True, "injectionScore": {"below": 0.5}, "scans": ["clean"]},
            capabilities=["reply"],
            rateLimit={"perHour": 3},
            tokenBudget={"perDay": 9},
            expiresAt="2027-01-01T00:00:00Z",
            guards=[{"reject": "a+", "reason": "r"}],
        )
    )
    assert told == [
        (
            "senders[0]: mail of example.com, NOT proven: whoever writes the From field is believed, where tls yes and"
            " injectionScore below 500 and scans clean until 2027-01-01T00:00:00+00:00 is delivered; may reply;"
            " at most 3 per hour and author; at most 9 tokens per day"
        ),
        "contentGuards[0]: mail with a+ in its body meets the default (r)",
        "defaultAction: all other mail is refused",
    ]
