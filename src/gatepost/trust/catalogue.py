"""Every check there is: what judges, what finds the house's own target, and what must be found out."""

from typing import Any

from gatepost.trust.check import Check
from gatepost.trust.checks import (
    documents,
    exports,
    findings,
    forgetting,
    logs,
    machine,
    mail,
    page,
    people,
    places,
    promises,
    tls,
)
from gatepost.trust.controls import doors, evidence, lagging, papers, things
from gatepost.trust.controls import promises as vows

_CHECKS: tuple[Check[Any], ...] = (
    Check("tls.floor", tls.floor, tls.house_doors, (doors.old_tls, doors.ssl3, doors.ending, doors.auth_in_clear)),
    Check("mail.both_ways", mail.both, mail.both_ways, (doors.forgetful,)),
    Check("contact.reached", mail.delivered, mail.contact, (doors.forgetful,)),
    Check("audit.complete", mail.complete, mail.gate, (doors.forgetful,)),
    Check("audit.rebuilt", mail.rebuilt, mail.gate, (doors.forgetful,)),
    Check(
        "log.consistent",
        logs.consistent,
        logs.house_logs,
        (things.forked_log, things.changed_row, things.changed_entry),
    ),
    Check("log.append_only", logs.append_only, logs.house_tables, (things.changeable_table,)),
    Check("retention.kept", forgetting.kept, forgetting.house_canary, (things.everlasting,)),
    Check("act.logged", logs.act_logged, logs.canary_acts, (things.unlogged_act,)),
    Check("operations.kept", logs.operations_kept, logs.operations_logs, (things.log_with_gap,)),
    Check("export.flowing", exports.flowing, exports.house_exports, (lagging.stalled,)),
    Check(
        "egress.declared",
        places.egress_declared,
        places.house_register,
        (papers.open_register, papers.undeclared_register),
    ),
    Check(
        "store.region",
        places.stores_allowed,
        places.house_storage,
        (papers.wrong_region, papers.unregistered_store),
    ),
    Check("store.here", places.stores_here, places.house_storage, (papers.far_store,)),
    Check("transfer.held", places.transfers_held, places.house_transfers, (papers.no_instrument,)),
    Check("supplier.noticed", places.noticed, places.house_transfers, (papers.day_29,)),
    Check("supplier.registered", places.registered, places.house_transfers, (papers.talking_software,)),
    Check("dane.absent", places.tlsa_absent, places.mail_zone, (things.published_tlsa,)),
    Check("secret.modes", machine.modes, machine.house_secrets, (things.loose_file,)),
    Check("secret.planted", machine.planted, machine.house_source, (things.planted_key, things.history_with_key)),
    Check("volume.encrypted", machine.encrypted, machine.house_volumes, (things.plain_volume,)),
    Check("principal.known", people.principals, people.house_rights, (vows.unknown_role,)),
    Check("staff.trained", people.staff_trained, people.house_staff, (vows.untrained,)),
    Check("staff.signed", people.staff_signed, people.house_staff, (vows.untrained,)),
    Check("document.reviewed", documents.reviewed, documents.shelf, (papers.unreviewed,)),
    Check("control.mapped", documents.mapped, documents.annex_a, (papers.unmapped,)),
    Check("entity.agrees", documents.entity_agrees, documents.entity, (papers.other_entity,)),
    Check("contact.roles", documents.roles_filled, documents.roles, (papers.empty_role,)),
    Check("commitment.kept", promises.promise_kept, promises.promise, (vows.broken_promise,)),
    Check("registration.renewed", promises.renewed, promises.registrations, (vows.lapsed,)),
    Check("agreement.accepted", promises.accepted, promises.agreement, (vows.unaccepted,)),
    Check("terms.listed", promises.terms_listed, promises.terms, (vows.terms_twice,)),
    Check("terms.noticed", promises.terms_noticed, promises.terms, (vows.terms_sudden,)),
    Check("terms.decided", promises.terms_decided, promises.terms, (vows.terms_undecided,)),
    Check("scope.whole", documents.scope_whole, documents.disclosure, (papers.forgotten_host,)),
    Check("scope.rendered", documents.scope_rendered, documents.disclosure, (papers.unrendered,)),
    Check("bounty.told", documents.bounty_told, documents.disclosure, (papers.secret_bounty,)),
    Check("source.committed", documents.committed, documents.folder, (papers.uncommitted,)),
    Check(
        "scan.fresh", findings.scanned, findings.scans, (evidence.old_scan, evidence.partial_scan, evidence.untriaged)
    ),
    Check("finding.in_time", findings.in_time, findings.backlog, (evidence.late, evidence.old_minor)),
    Check("release.checked", findings.release_checked, findings.releases, (evidence.self_reviewed,)),
    Check("release.staged", findings.release_staged, findings.releases, (evidence.no_beta,)),
    Check(
        "supplier.certified",
        findings.certificates_valid,
        findings.certificates,
        (evidence.old_certificate, evidence.old_standard),
    ),
    Check("claims.plain", page.plain, page.wording, (papers.vague,)),
    Check("claims.shares", page.shares, page.wording, (papers.vague,)),
    Check("claims.none_hidden", page.none_hidden, page.listing, (papers.hidden,), reads_results=True),
    Check("duty.evidenced", page.evidenced, page.duties, (papers.failing_duty,), reads_results=True),
    Check("revision.stated", page.revision_stated, page.revision, (papers.unstated,)),
    Check("security_txt.valid", page.security_txt, page.served, (doors.expired_security_txt,)),
    Check("page.agrees", page.page_agrees, page.served, (doors.lying_page,)),
    Check("status.served", page.summary, page.served, (doors.frozen_summary,)),
    Check("house.watched", page.watched, page.measured, (doors.silent_metrics,)),
)

CATALOGUE: dict[str, Check[Any]] = {check.id: check for check in _CHECKS}
