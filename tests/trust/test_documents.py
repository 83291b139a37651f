from datetime import date, timedelta
from pathlib import Path

from gatepost.trust import read_operator
from gatepost.trust.documents import published
from trust.scene import copied


def test_a_text_is_as_reviewed_until_it_changes_and_overdue_when_its_days_are_over(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    before = published(read_operator(folder), date(2026, 11, 21))
    assert all(each.is_as_reviewed and not each.is_overdue for each in before)
    first = before[0]
    on_the_day = published(read_operator(folder), first.review_due)[0]
    day_after = published(read_operator(folder), first.review_due + timedelta(days=1))[0]
    assert (on_the_day.is_overdue, day_after.is_overdue) == (False, True)
    path = folder / first.document.file
    path.write_text(path.read_text() + " ")
    assert not published(read_operator(folder), date(2026, 11, 21))[0].is_as_reviewed


def test_markdown_becomes_html_in_which_nothing_runs_or_loads(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    place = folder / "notes" / "threat-model.md"
    place.write_text(
        "# A\n\n<b onclick=x>\n\n|a|b|\n|-|-|\n|1|2|\n\n[x](javascript:y) ![z](https://spy.test/z) <data:text/html,x>\n"
    )
    html = next(
        each for each in published(read_operator(folder), date(2026, 11, 21)) if "threat" in each.document.id
    ).html
    assert "<table>" in html
    assert "<b" not in html
    assert "<img" not in html
    assert "href=" not in html.replace('href="https://spy.test/z"', "")
