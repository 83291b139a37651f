"""Every check there is: what judges, what finds the house's own target, and what must be found out."""

from typing import Any

from gatepost.trust.check import Check
from gatepost.trust.checks import documents, exports, findings, forgetting, logs, machine, mail, page, places, tls
from gatepost.trust.controls import doors, lagging, papers, things

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
    Check("secret.planted", machine.planted, machine.house_source, (things.planted_key, papers.history_with_key)),
    Check("volume.encrypted", machine.encrypted, machine.house_volumes, (things.plain_volume,)),
    Check("principal.known", machine.principals, machine.house_rights, (papers.unknown_role,)),
    Check("staff.trained", machine.staff_trained, machine.house_staff, (papers.untrained,)),
    Check("staff.signed", machine.staff_signed, machine.house_staff, (papers.untrained,)),
    Check("document.reviewed", documents.reviewed, documents.shelf, (papers.unreviewed,)),
    Check("control.mapped", documents.mapped, documents.annex_a, (papers.unmapped,)),
    Check("entity.agrees", documents.entity_agrees, documents.entity, (papers.other_entity,)),
    Check("contact.roles", documents.roles_filled, documents.roles, (papers.empty_role,)),
    Check("commitment.kept", documents.promise_kept, documents.promise, (papers.broken_promise,)),
    Check("registration.renewed", documents.renewed, documents.registrations, (papers.lapsed,)),
    Check("agreement.accepted", documents.accepted, documents.agreement, (papers.unaccepted,)),
    Check("terms.listed", documents.terms_listed, documents.terms, (papers.terms_twice,)),
    Check("terms.noticed", documents.terms_noticed, documents.terms, (papers.terms_sudden,)),
    Check("terms.decided", documents.terms_decided, documents.terms, (papers.terms_undecided,)),
    Check("scope.whole", documents.scope_whole, documents.disclosure, (papers.forgotten_host,)),
    Check("scope.rendered", documents.scope_rendered, documents.disclosure, (papers.unrendered,)),
    Check("bounty.told", documents.bounty_told, documents.disclosure, (papers.secret_bounty,)),
    Check("source.committed", documents.committed, documents.folder, (papers.uncommitted,)),
    Check("scan.fresh", findings.scanned, findings.scans, (papers.old_scan, papers.partial_scan, papers.untriaged)),
    Check("finding.in_time", findings.in_time, findings.backlog, (papers.late, papers.old_minor)),
    Check("release.checked", findings.release_checked, findings.releases, (papers.self_reviewed,)),
    Check("release.staged", findings.release_staged, findings.releases, (papers.no_beta,)),
    Check(
        "supplier.certified",
        findings.certificates_valid,
        findings.certificates,
        (papers.old_certificate, papers.old_standard),
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
