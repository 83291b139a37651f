"""The status page's feed (RFC 4287): one entry for each incident, its updates in it. Pure."""

from xml.sax.saxutils import escape, quoteattr

from gatepost.doors.public.status_json import Page
from gatepost.trust.incidents import Incident
from gatepost.trust.leaf import instant
from gatepost.trust.status import Status

_NOT_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)])
"""What no XML 1.0 document may hold, escaped or not."""


def feed(page: Page, status: Status) -> bytes:
    """Return the feed, newest first.

    Its ids are tags (RFC 4151) of the house's name: absolute (RFC 4287 section 4.2.6), whatever its URL is.
    """
    url, own = str(page["url"]), f"tag:{page['name']},2026:status"
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>{_text(page['name'])}: status</title>\n<id>{_text(own)}</id>\n"
        f'<link rel="self" href={quoteattr(f"{url}/history.atom")}/>\n<link href={quoteattr(url)}/>\n'
        f"<updated>{_updated(status)}</updated>\n"
        f"<author><name>{_text(page['name'])}</name></author>\n"
    )
    entries = "".join(_entry(url, own, each) for each in status.incidents)
    return f"{head}{entries}</feed>\n".encode("utf-8", "replace")


def _updated(status: Status) -> str:
    """Return when something was last said, and where nothing was, since when we look.

    Not when we last looked: a feed that changes with every probe would wake every reader.
    """
    if status.incidents:
        return instant(max(each.updates[-1].at for each in status.incidents))
    days = [part.first_day for part in status.parts if part.first_day is not None]
    return f"{min(days)}T00:00:00Z" if days else instant(status.at)


def _entry(url: str, own: str, incident: Incident) -> str:
    words = [
        f"{instant(each.at)} {each.state.value.replace('_', ' ')}: {each.body}" for each in reversed(incident.updates)
    ]
    said = "\n\n".join([f"Planned: {incident.window_in_words}", *words] if incident.is_maintenance else words)
    place, name = f"{url}/incidents/{incident.id}", _text(incident.name)
    return (
        f"<entry>\n<id>{_text(own)}/{incident.id}</id>\n<title>{name}</title>\n<link href={quoteattr(place)}/>\n"
        f"<published>{instant(incident.opened_at)}</published>\n<updated>{instant(incident.updates[-1].at)}</updated>\n"
        f'<content type="text">{_text(said)}</content>\n</entry>\n'
    )


def _text(text: object) -> str:
    return escape(str(text).translate(_NOT_XML))
