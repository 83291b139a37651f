"""The operator's registers: one frozen row per table of the folder. Pure; ``operator`` reads them.

Every row names its owner or the person who answers for it, and everything that ages has an end.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """``[entity]`` of operator.toml: who claims all this."""

    name: str
    trading_name: str
    number: str
    jurisdiction: str
    postal_address: str
    site: str
    authority: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """``[place]`` of operator.toml: where this house runs, as the operator knows it and the house cannot.

    Attributes:
        log_folder: where the operations logs are kept, so that their age can be read; empty where nobody said.
        repository: the git repository the folder lies in, relative to it; empty for none.
        volumes: ``dm-crypt`` where we can see for ourselves, else who states that the disks are encrypted.
    """

    region: str
    regions_allowed: tuple[str, ...]
    host: str
    volumes: str
    volumes_until: date
    owner: str
    log_folder: str = ""
    repository: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A published address and what it is for."""

    role: str
    address: str
    purpose: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A text of ours that is published, and its last review: which octets somebody read and agreed to."""

    id: str
    kind: str  # policy, notice, note, agreement, terms
    title: str
    file: str
    version: str
    owner: str
    reviewed_by: str
    reviewed_on: date
    review_days: int
    reviewed_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A control of ISO/IEC 27001:2022 Annex A, by number: which document carries it, or why it is left out."""

    number: str
    document: str = ""
    how: str = ""
    excluded: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """Something promised for later. ``trigger``: the plan whose first tenant starts the clock."""

    id: str
    text: str
    owner: str
    trigger: str
    due_days: int
    done_on: date | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """An entry in somebody's public register."""

    id: str
    register: str
    number: str
    owner: str
    renew_by: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Where data rest. ``setting`` is the house's own name for it."""

    setting: str
    holds: str
    region: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """Somebody whose service or software we use.

    Attributes:
        processes: whether it processes personal data (a sub-processor) or only makes software we run.
        hosts: names under which it is reached; empty for software.
        transfer: the row of the transfers that its region rests on; empty where it needs none.
        package: of a software maker, what of it is installed here, as the distribution is called.
    """

    id: str
    name: str
    purpose: str
    data: str
    region: str
    processes: bool
    owner: str
    announced_on: date
    engaged_on: date
    hosts: tuple[str, ...] = ()
    transfer: str = ""
    package: str = ""
    certificate: str = ""
    certificate_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """What a transfer out of the allowed regions rests on."""

    id: str
    mechanism: str
    document: str
    signed_on: date
    until: date
    assessed_on: date
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody who works here, by a reference and no name: training, signatures, rights."""

    ref: str
    role: str
    trained_on: date
    signed_sha256: str
    signed_on: date
    has_production: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A security review of a release. ``participant``: of the people register, somebody who wrote what was read."""

    release: str
    held_on: date
    held_by: str
    participant: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """An account with rights in production. ``kind``: ``database`` or ``system``."""

    kind: str
    name: str
    why: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A duty the law lays on us, and the claims that evidence it."""

    id: str
    law: str
    duty: str
    claims: tuple[str, ...]
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """A purpose for which tenants have instructed us to process."""

    id: str
    purpose: str
    basis: str
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsVersion:
    """One version of the terms. ``material``: by the rule named, decided by somebody for a reason."""

    version: str
    noticed_on: date
    effective_on: date
    material: bool
    rule: str
    reason: str
    decided_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """``[disclosure]`` of disclosure.toml: how security reports are taken."""

    contact_role: str
    policy: str
    scope: tuple[str, ...]
    assets: tuple[str, ...]
    out_of_scope: tuple[str, ...]
    pays_bounty: bool
    bounty_sentence: str
    acknowledge_hours: int
    languages: tuple[str, ...]
    expires_on: date
    owner: str
    payouts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """A finding of a scan or a report, with its clocks. Times are UTC."""

    id: str
    severity: str  # critical, serious, minor
    detected_at: str
    triaged_at: str = ""
    started_at: str = ""
    deployed_at: str = ""
    accepted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """A completed scan of an asset. ``file``: its output, in the folder; read again at each check."""

    asset: str
    tool: str
    file: str
    completed_on: date
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Evidence of one release: what passed, who looked, and where it ran before."""

    version: str
    commit: str
    checks: tuple[str, ...]
    author: str
    reviewer: str
    sole_maintainer: bool
    beta_on: date
    production_on: date
    beta_days_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A text that nothing could prove, with its author."""

    id: str
    text: str
    author: str
    on: date
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """A text that looks like a secret and is none."""

    file: str
    why: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    """Somebody who can be called, by a reference and no name. ``webhook``: called as well; empty for mail alone."""

    ref: str
    address: str
    webhook: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One level of the rota: its people take turns of so many days; it is called after so many minutes of silence."""

    level: int
    responders: tuple[str, ...]
    since: date
    turn_days: int
    after_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """Something that puts a notice elsewhere, such as a blog. ``webhook``: told what a person has approved."""

    id: str
    kind: str
    webhook: str
    owner: str
