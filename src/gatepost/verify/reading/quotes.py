"""What an author wrote, apart from the history they quote and from their signature; line by line, in linear time.

There is no standard for any of this but ``>`` (RFC 3676 section 4.5) and ``-- `` (section 4.3): the rest is what mail
programs of many languages are known to write.
"""

import re
from typing import NamedTuple

from gatepost.mail.glance import Glance

MAX_WINDOW_LINES = 6
MAX_WINDOW_CHARS = 400
"""An attribution may be folded over several lines."""
MAX_SIGNATURE_LINES = 50
WRAP_CHARS = 64
"""No mail program wraps a shorter line (RFC 3676 section 4.2 recommends 78, many use 72, some less for the ``>``)."""

_SENTENCE_ENDS = frozenset(".?!:;\u3002\uff1f\uff01\u061f\u2026")

_VERBS = (
    "wrote|writes|schrieb|geschrieben|a écrit|escribió|ha scritto|scrisse|escreveu|schreef|skrev|kirjoitti|napisał|"
    "napisała|napisal|написал|написала|пишет|написав|đã viết|yazd\u0131|írta|a scris|さんは書きました|写道|작성|כתב|كتب"
)
_OPENING = (
    r"(?:(?:On|Am|Le|El|Il|Em|Op|På|Den|Vào|Dnia|W dniu|Dne|Pada|Il giorno|于|בתאריך|في)\b|"
    r"\w{2,4}\.?,? {1,2}\d|\d|在|-{2,} *\S)"
)
_BEGINS = rf"(?:[ \t*_>]*+-{{2,}}+ *+\S|[ \t*_>\-]*+{_OPENING})"
"""Nothing of it is tried twice, or lines of dashes would take quadratic time."""
_WROTE = re.compile(rf"{_BEGINS}.*?(?:{_VERBS})(?:\(a\))?(?: ?:|\s*-{{2,}}|\uff1a)[ \t*_]*\Z", re.DOTALL)
_WROTE_BY = re.compile(
    rf"{_BEGINS}(?:(?<=\d)|[^\d]*+\d).*?\b(?:schrieb|schreef|skrev|napisał|napsal)\b[^:]{{1,120}}:[ \t*_]*\Z",
    re.DOTALL,
)
"""Languages that put the verb before the name."""
_DATED = re.compile(
    r"[ \t]*(?:\w{2,4}\.?, )?\d{1,4}[./\- ](?:\d{1,2}|\w{3,9}\.?)[./\- ]\d{1,4},?[ \t].*?"
    r"(?:<\s*[^<>\s]{1,200}@[^<>\s]{1,200}\s*>|\([^()\s]+@[^()\s]+\))(?:\(a\))?[ \t]*(?P<colon>:?)[ \t]*\Z",
    re.DOTALL,
)
_BETWEEN = re.compile(r"-{2,} ?(?=On .{0,300}wrote(?: ?:|-{2,})?[ \t]*\Z)", re.DOTALL)
_ORIGINAL = re.compile(
    r"[ \t>]*[-_=]{2,}[ \t]*(?:Original Message|Original Appointment|Reply Message|Ursprüngliche Nachricht|"
    r"Message d'origine|Mensaje original|Messaggio originale|Mensagem original|Oorspronkelijk bericht|"
    r"Исходное сообщение|Oprindelig meddelelse|Opprinnelig melding|Ursprungligt meddelande|Wiadomość oryginalna|"
    r"Alkuperäinen viesti|原始邮件|原始郵件|元のメッセージ)[ \t]*[-_=]*[ \t]*\Z",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"[ \t>]*(?:[-_=]{2,}[ \t]*(?:Forwarded message|Forwarded by|Weitergeleitete Nachricht|Message transféré|"
    r"Mensaje reenviado|Messaggio inoltrato|Mensagem encaminhada|Пересылаемое сообщение)\b.*|"
    r"Begin forwarded message:|Anfang der weitergeleiteten Nachricht:)",
    re.IGNORECASE,
)
_LABELS = (
    r"\*?(?P<label>From|Sent|To|Cc|Subject|Date|Von|Gesendet|Datum|An|Betreff|De|Envoyé|À|Objet|"
    r"Enviado|Enviada em|"
    r"Fecha|Para|Asunto|Assunto|Data|Da|Inviato|A|Oggetto|Van|Verzonden|Aan|Onderwerp|Från|Skickat|"
    r"Till|Ämne|Fra|Sendt|Til|"
    r"Emne|Lähettäjä|Lähetetty|Vastaanottaja|Aihe|Od|Wysłano|Do|Temat|От|Отправлено|Дата|Кому|Тема|差出人|送信日時|宛先|件名|"
    r"发件人|发送时间|收件人|主题)\*?[ \t]*[:\uff1a]\*?"
)
_LABEL = re.compile(rf"[ \t]*{_LABELS}", re.IGNORECASE)
_SENDERS = frozenset(
    {
        "from",
        "von",
        "de",
        "da",
        "van",
        "från",
        "fra",
        "lähettäjä",
        "od",
        "от",
        "差出人",
        "发件人",
        "date",
        "data",
        "datum",
    }
)
_RULE = re.compile(r"[ \t]*[-_]{5,}[ \t]*")
_DASHES = re.compile(r"--[ \t]?|—")
_SENT_FROM = re.compile(
    r"(?:Sent from my(?: [\w\-]+){1,4}|Sent (?:from|with|via) (?:Mail|Outlook|Yahoo|Sparrow|Proton|Gmail)\b[^,]{0,80}|"
    r"Get Outlook for [^,]{1,60}|Von meinem(?: [\w\-]+){1,3} gesendet|Envoyé de(?:puis)? mon(?: [\w\-]+){1,3}|"
    r"Enviado (?:desde|do) (?:mi|meu)(?: [\w\-]+){1,3}|Inviato da(?:l mio)?(?: [\w\-]+){1,3}|"
    r"Отправлено \u0441(?: [\w\-]+){1,3}|Verstuurd vanaf mijn(?: [\w\-]+){1,3})\.?",
    re.IGNORECASE,
)
_FIRST = frozenset(" \t>*_-=|")
_HINTS = Glance(rb"wrote", rb"---", rb"\n[ \t>*_=|\-]")
_LABEL_CHARS = 24
_CANDIDATE = re.compile(rf"[ \t*_>\-]*{_OPENING}", re.IGNORECASE)
_INTERESTING = re.compile(rf"[ \t]*(?:[>*_=\-]|Begin |Anfang |{_OPENING}|{_LABELS})", re.IGNORECASE)
"""What any line begins with that is more than text: one look at each is enough."""


class Parts(NamedTuple):
    """A text in three: each a part of the lines, in their order."""

    own: str
    quoted: str
    signature: str


def split(text: str) -> Parts:
    """Set quoted history and signature apart; what is nothing but a quotation is its author's own text."""
    if not _may_quote(text):
        return Parts(text, "", "")
    lines = text.split("\n")
    is_quoted, lines = _mark(lines)
    if all(quoted or not line.strip() for line, quoted in zip(lines, is_quoted, strict=True)):
        return Parts(text, "", "")
    own = _unquoted(lines, is_quoted)
    history = [line for line, quoted in zip(lines, is_quoted, strict=True) if quoted]
    cut = _signature_start(own)
    return Parts("\n".join(own[:cut]).strip("\n"), "\n".join(history).strip("\n"), "\n".join(own[cut:]).strip("\n"))


def _unquoted(lines: list[str], is_quoted: list[bool]) -> list[str]:
    """Return what is left; where a quotation stood, one empty line is enough."""
    own: list[str] = []
    is_gap = False
    for line, quoted in zip(lines, is_quoted, strict=True):
        if quoted:
            is_gap = True
        elif line.strip() or not (is_gap and own and not own[-1].strip()):
            own.append(line)
            is_gap = is_gap and not line.strip()
    return own


def _may_quote(text: str) -> bool:
    """Tell quickly whether a closer look is worth while."""
    if not text.isascii() or text[:1] in _FIRST or _HINTS.see(text.encode("ascii")) or _has_label(text):
        return True
    return _SENT_FROM.fullmatch(_last_line(text)) is not None


def _has_label(text: str) -> bool:
    """Tell whether a line has a colon near its beginning or as its end; each line is looked at once."""
    at = text.find(":")
    while at >= 0:
        end = text.find("\n", at)
        if at < _LABEL_CHARS or "\n" in text[at - _LABEL_CHARS : at] or text[end - 1 if end > 0 else -1] == ":":
            return True
        at = text.find(":", end) if end > 0 else -1
    return False


def _last_line(text: str) -> str:
    return text[-500:].rstrip().rpartition("\n")[2].strip(" \t*_")


def _mark(lines: list[str]) -> tuple[list[bool], list[str]]:
    """Say of each line whether it is quoted; a line that holds both is cut in two."""
    quoted = [False] * len(lines)
    at = 0
    while at < len(lines):
        line = lines[at]
        if _INTERESTING.match(line) is None and "---" not in line:
            at += 1
            continue
        if line.lstrip().startswith(">"):
            at = _mark_run(lines, quoted, at)
            continue
        if _FORWARDED.match(line):
            break  # passed on, not quoted: what follows is what the author wants read
        if _ORIGINAL.match(line) or _is_header_block(lines, at):
            quoted[at:] = [True] * (len(lines) - at)
            break
        length = _attribution(lines, at)
        if length:
            if found := _BETWEEN.search(line):
                lines[at : at + 1] = [line[: found.start()], line[found.start() :]]
                quoted.insert(at, False)
                at += 1
            behind = next((no for no in range(at + length, len(lines)) if lines[no].strip()), len(lines))
            if behind < len(lines) and not lines[behind].lstrip().startswith(">"):
                quoted[at:] = [True] * (len(lines) - at)
                break
            quoted[at:behind] = [True] * (behind - at)
            at = behind
            continue
        at += 1
    return quoted, lines


def _mark_run(lines: list[str], quoted: list[bool], at: int) -> int:
    """Mark lines that begin with ``>``, and single lines between them that a mail program has wrapped."""
    while at < len(lines):
        if lines[at].lstrip().startswith(">") or (at > 0 and quoted[at - 1] and _is_wrapped(lines, at)):
            quoted[at] = True
        else:
            break
        at += 1
    return at


def _is_wrapped(lines: list[str], at: int) -> bool:
    """Tell whether a line is the overflow of the quoted one before it, and no answer to it.

    A program wraps where the next word has no room any more, in the middle of a sentence. In doubt it is an answer: the
    author's own words must not be filed as history.
    """
    before, line = lines[at - 1].rstrip(), lines[at].strip()
    if not line or at + 1 == len(lines) or not lines[at + 1].startswith(">") or before[-1:] in _SENTENCE_ENDS:
        return False
    return len(before) + 1 + len(line.split(maxsplit=1)[0]) > WRAP_CHARS


def _attribution(lines: list[str], at: int) -> int:
    """Return over how many lines an attribution ("On ... wrote:") runs from here; 0 where there is none."""
    line = lines[at]
    if _CANDIDATE.match(line) is None and "--- On " not in line and "---On " not in line:
        return 0
    window = ""
    for length in range(1, MAX_WINDOW_LINES + 1):
        if at + length > len(lines):
            break
        window += ("\n" if window else "") + lines[at + length - 1]
        if len(window) > MAX_WINDOW_CHARS:
            break
        if _WROTE.match(window) or _WROTE_BY.match(window) or _BETWEEN.search(window):
            return length
        dated = _DATED.match(window)
        if dated and (dated["colon"] or _is_followed_by_quote(lines, at + length)):
            return length
    return 0


def _is_followed_by_quote(lines: list[str], at: int) -> bool:
    following = next((line for line in lines[at : at + 3] if line.strip()), "")
    return following.lstrip().startswith(">")


def _is_header_block(lines: list[str], at: int) -> bool:
    """Tell whether the header of an earlier mail stands here, as Outlook and others put it."""
    if _RULE.fullmatch(lines[at]):
        at = next((no for no in range(at + 1, min(at + 4, len(lines))) if lines[no].strip()), at)
    first = _LABEL.match(lines[at])
    if first is None or first["label"].lower() not in _SENDERS:
        return False
    labels = {found["label"].lower() for line in lines[at : at + 6] if (found := _LABEL.match(line))}
    return len(labels) > 1


def _signature_start(own: list[str]) -> int:
    """Return where the signature begins: at the last ``-- ``, or at a phone's own line at the very end."""
    end = len(own)
    while end and not own[end - 1].strip():
        end -= 1
    start = end - 1 if end and _SENT_FROM.fullmatch(_last_line(own[end - 1])) else len(own)
    for at in range(start - 1, max(start - MAX_SIGNATURE_LINES, 0) - 1, -1):
        if _DASHES.fullmatch(own[at]):
            return at
    return start
