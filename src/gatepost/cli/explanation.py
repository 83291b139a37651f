"""Evidence about one message in the words and colours of a terminal. Strangers' characters are shown, never obeyed."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from gatepost.arrive.paper import Arrived
from gatepost.verify import author
from gatepost.verify.injection import THRESHOLD, phrases
from gatepost.verify.paper import (
    Content,
    DkimVerdict,
    Evidence,
    Injection,
    IprevVerdict,
    Result,
    ScanResult,
    ScanVerdict,
    Signal,
    Span,
    SpfVerdict,
    Verified,
)

PREVIEW_CHARS = 600
WORDS_CHARS = 160
SPANS_MAX = 40
_BAR = 24
Row = tuple[Text, ...]
_COLOURS = {
    Result.PASS: "green",
    Result.FAIL: "red",
    Result.PERMERROR: "red",
    Result.SOFTFAIL: "yellow",
    Result.TEMPERROR: "yellow",
}
_NO_AUTHOR = {author.MISSING: "no From field names anybody", author.AMBIGUOUS: "From can be read in more than one way"}
_NO_POLICY = {Result.TEMPERROR: "DNS did not answer", Result.PERMERROR: "its policy cannot be read"}
_SCAN_COLOURS = {ScanResult.CLEAN: "green", ScanResult.FOUND: "red", ScanResult.UNAVAILABLE: "yellow"}
_SAYS = {phrase.name: phrase.says for phrase in phrases.PHRASES}
_SPACE = re.compile(r"\s+")


def print_to(console: Console, verified: Verified) -> None:
    """Print everything, section by section; colours only where the console has any."""
    evidence = verified.evidence
    for title, lines in (
        ("Message", _message(verified.arrived, evidence)),
        ("Who sent it", _sender(evidence)),
        ("What it says", _content(evidence.content)),
        ("What people do not see", _spans(evidence.content)),
        ("Does it try to steer a machine?", _injection(evidence.injection, evidence.content)),
        ("Scanners", _scans(evidence.scans)),
    ):
        rows = list(lines)
        if rows:
            console.print(Text(title, style="bold"))
            console.print(_grid(rows))
            console.print()


def _grid(rows: Sequence[Row]) -> Padding:
    """Return rows in columns; what is long goes on below itself. A row of one cell spans all columns."""
    whole = Table.grid()
    columns: list[Row] = []
    for row in [*rows, None]:
        if row is not None and len(row) > 1:
            columns.append(row)
            continue
        if columns:
            table = Table.grid(padding=(0, 2, 0, 0))
            for number in range(len(columns[0])):
                table.add_column(no_wrap=number == 0, overflow="fold")
            for each in columns:
                table.add_row(*each)
            whole.add_row(table)
            columns = []
        if row is not None:
            whole.add_row(*row)
    return Padding(whole, (0, 0, 0, 2), expand=False)


def visible(text: str) -> str:
    """Return text that a terminal prints and does nothing else with: controls and unseen characters are spelled."""
    return "".join(_spelled(character) for character in text)


def _spelled(character: str) -> str:
    if character == "\n" or character.isprintable():
        return character
    return " " if unicodedata.category(character) == "Zs" else f"\\u{{{ord(character):x}}}"


def _short(text: str, most: int = WORDS_CHARS) -> str:
    """Return the beginning of a text on one line."""
    line = _SPACE.sub(" ", text[: 4 * most]).strip()
    return visible(line if len(line) <= most else f"{line[:most].rstrip()} …")


def _line(name: str, *pieces: str | tuple[str, str]) -> Row:
    return Text(name, style="dim"), Text.assemble(*pieces)


def _message(arrived: Arrived, evidence: Evidence) -> Iterator[Row]:
    content = evidence.content
    yield _line("From", _short(content.from_shown) or "(none)")
    if evidence.author is not None:
        yield _line("author", visible(str(evidence.author)))
    else:
        why = _NO_AUTHOR[evidence.author_problem]
        yield _line("author", (f"none: {why} ({evidence.author_problem})", "red"))
    yield _line("Subject", _short(content.subject))
    if content.message_id:
        yield _line("Message-ID", _short(content.message_id))
    sender = arrived.envelope.mail_from
    yield _line("envelope", visible(str(sender)) if sender is not None else "null reverse-path, or not given")
    if arrived.peer is not None:
        yield _line(
            "client", f"{arrived.peer.address}", visible(f" as {arrived.peer.helo}" if arrived.peer.helo else "")
        )
    yield _line("size", f"{len(arrived.raw):,} octets")
    if evidence.auto.markers:
        yield _line("automatic", ", ".join(evidence.auto.markers), f" (Auto-Submitted: {evidence.auto.keyword})")
    if evidence.auto.is_own or evidence.auto.answers_own:
        yield _line("ours", "our own mail come back" if evidence.auto.is_own else "answers mail of ours")


def _sender(evidence: Evidence) -> Iterator[Row]:
    yield _verdict("SPF", evidence.spf.result, _why_spf(evidence.spf))
    yield _verdict("SPF HELO", evidence.helo.result, _why_spf(evidence.helo))
    yield _verdict("reverse", evidence.iprev.result, _why_iprev(evidence.iprev))
    if not evidence.dkim:
        yield _verdict("DKIM", Result.NONE, "no signature")
    for signature in evidence.dkim:
        yield _verdict("DKIM", signature.result, _why_dkim(signature))
    dmarc = evidence.dmarc
    if dmarc.domain:
        wish = (
            f"its policy is {dmarc.policy}" if dmarc.policy else _NO_POLICY.get(dmarc.result, "it publishes no policy")
        )
        yield _verdict("DMARC", dmarc.result, f"for {dmarc.domain}; {wish}")
    else:
        yield _verdict("DMARC", dmarc.result, "there is no author domain to ask about")
    seals = ", ".join(f"{seal.instance}: {seal.domain}" for seal in evidence.arc.seals)
    yield _verdict("ARC", evidence.arc.result, "; ".join(filter(None, (evidence.arc.reason, seals))) or "not sealed")
    if evidence.auth:
        yield _line("proof", ("submitted with one of our own keys", "green"))
    elif evidence.is_aligned:
        yield _line("proof", ("the author's domain is proven by an aligned SPF or DKIM pass", "green"))
    elif evidence.is_unsettled:
        yield _line("proof", ("not settled: DNS did not answer, a later attempt may know", "yellow"))
    else:
        yield _line("proof", ("nothing proves the author's domain", "red"))


def _verdict(name: str, result: Result, why: str) -> Row:
    return _line(name, (f"{result.value:<10}", _COLOURS.get(result, "")), visible(why))


def _why_spf(verdict: SpfVerdict) -> str:
    if not verdict.domain:
        return "who delivered it is not known" if verdict.identity == "mailfrom" else "no name to check"
    return "; ".join(filter(None, (f"{verdict.identity} {verdict.domain}", verdict.explanation)))


def _why_iprev(verdict: IprevVerdict) -> str:
    if not verdict.address:
        return "who delivered it is not known"
    match verdict.result:
        case Result.PASS:
            return f"{verdict.address} is {verdict.name}, which leads back to it"
        case Result.PERMERROR:
            return f"{verdict.address} has no name"
        case Result.TEMPERROR:
            return "DNS did not answer"
        case _:
            return f"no name of {verdict.address} leads back to it"


def _why_dkim(verdict: DkimVerdict) -> str:
    told = [f"d={verdict.domain} s={verdict.selector} {verdict.algorithm}"]
    if verdict.key_bits:
        told.append(f"{verdict.key_bits} bits")
    if verdict.result is Result.PASS:
        told.append("aligned" if verdict.is_aligned else "not aligned with the author")
    if verdict.is_testing:
        told.append("its key says t=y, only a test")
    if verdict.unsigned_octets:
        told.append(f"l= leaves {verdict.unsigned_octets} octets to anybody")
    if verdict.unsigned_twin:
        told.append(f"a second {verdict.unsigned_twin} is not signed")
    if verdict.unsigned_fields:
        told.append(f"does not cover {', '.join(verdict.unsigned_fields)}: whoever passed it on may have changed that")
    if verdict.result is not Result.PASS and verdict.reason:
        told.append(verdict.reason)
    return "; ".join(told)


def _content(content: Content) -> Iterator[Row]:
    reading = content.reading
    text = reading.human.strip()
    yield (Text(visible(text[:PREVIEW_CHARS]) or "(no text)"),)
    if len(text) > PREVIEW_CHARS:
        yield (Text(f"… and {len(text) - PREVIEW_CHARS:,} characters more", style="dim"),)
    for each in reading.attachments:
        name = _short(each.filename) or "without a name"
        yield _line(
            "attached", f"{name}, {visible(each.content_type)}, {each.size_octets:,} octets, text {each.extraction}"
        )
    if reading.is_malformed:
        yield _line("structure", ("malformed: programs will differ about it", "yellow"))
    if reading.used_fallback:
        yield _line("charset", ("a part's octets are not what its header says", "yellow"))
    if reading.is_cut:
        yield _line("length", ("longer than we read", "yellow"))


def _spans(content: Content) -> Iterator[Row]:
    spans = content.reading.spans
    for span in spans[:SPANS_MAX]:
        place = Text(visible(span.place), style="dim")
        yield Text(span.technique.value, style="yellow"), place, Text(_short(span.text))
    if len(spans) > SPANS_MAX:
        yield (Text(f"… and {len(spans) - SPANS_MAX} more", style="dim"),)
    if not spans:
        yield (Text("nothing: people and machines read the same", style="green"),)


def _injection(found: Injection, content: Content) -> Iterator[Row]:
    filled = round(found.score * _BAR)
    colour = "red" if found.score >= THRESHOLD else "yellow" if found.score >= THRESHOLD / 2 else "green"
    families = ", ".join(family.value for family in found.families)
    bar = Text.assemble(("█" * filled, colour), ("·" * (_BAR - filled), "dim"), (f" {found.score:.2f}", colour))
    yield (bar.append(f"  {families}"),)
    told = set[str]()
    for signal in found.signals:
        words = _short(_words(signal, content), 100)
        yield (
            Text(f"{signal.weight:+5.1f}", style="dim"),
            Text(_meaning(signal)),
            Text(visible(signal.place), style="dim"),
            Text("same words" if words in told else words, style="dim" if words in told else "italic"),
        )
        told.add(words)


def _meaning(signal: Signal) -> str:
    kind, _, what = signal.name.partition(".")
    match kind:
        case "hidden":
            return "stands where people do not see it" if what != "flood" else "too much of it to read on"
        case "encoded":
            return f"wrapped as {what}"
        case "canary":
            return "repeats a canary"
        case _:
            return _SAYS.get(signal.name, signal.name)


def _words(signal: Signal, content: Content) -> str:
    """Return the words a signal stands on, where the text of its place is kept."""
    match signal.place:
        case "human":
            return content.reading.human[signal.start : signal.end]
        case "subject":
            return content.subject[signal.start : signal.end]
        case _:
            return next((span.text for span in content.reading.spans if _is_of(signal, span)), "")


def _is_of(signal: Signal, span: Span) -> bool:
    return (span.place, span.start, span.end) == (signal.place, signal.start, signal.end)


def _scans(scans: Iterable[ScanVerdict]) -> Iterator[Row]:
    for scan in scans:
        score = "" if scan.score is None else f" {scan.score:.2f}"
        yield _line(scan.scanner, (scan.result.value, _SCAN_COLOURS[scan.result]), score, " ", _short(scan.found))
