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
    # Brought up to date when something was last said: a feed that changes with every probe would wake every reader.
    updated = max((each.updates[-1].at for each in status.incidents), default=None)
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"<title>{_text(page['name'])}: status</title>\n<id>{_text(own)}</id>\n"
        f'<link rel="self" href={quoteattr(f"{url}/history.atom")}/>\n<link href={quoteattr(url)}/>\n'
        f"<updated>{instant(updated) if updated else '1970-01-01T00:00:00Z'}</updated>\n"
        f"<author><name>{_text(page['name'])}</name></author>\n"
    )
    entries = "".join(_entry(url, own, each) for each in status.incidents)
    return f"{head}{entries}</feed>\n".encode("utf-8", "replace")


def _entry(url: str, own: str, incident: Incident) -> str:
    said = "\n\n".join(
        f"{instant(each.at)} {each.state.value.replace('_', ' ')}: {each.body}" for each in reversed(incident.updates)
    )
    place, name = f"{url}/incidents/{incident.id}", _text(incident.name)
    return (
        f"<entry>\n<id>{_text(own)}/{incident.id}</id>\n<title>{name}</title>\n<link href={quoteattr(place)}/>\n"
        f"<published>{instant(incident.opened_at)}</published>\n<updated>{instant(incident.updates[-1].at)}</updated>\n"
        f'<content type="text">{_text(said)}</content>\n</entry>\n'
    )


def _text(text: object) -> str:
    return escape(str(text).translate(_NOT_XML))
