from gatepost.access import ROLE_SCOPES, Role, Scope


def test_every_role_has_scopes() -> None:
    assert set(ROLE_SCOPES) == set(Role)
    assert all(ROLE_SCOPES.values())


def test_an_agent_cannot_touch_policy_keys_webhooks_or_approvals() -> None:
    subjects = {scope.split(":")[0] for scope in ROLE_SCOPES[Role.AGENT]}
    assert subjects == {"mail", "usage", "petitions"}


def test_only_an_owner_makes_keys_or_sets_policy() -> None:
    for scope in (Scope.KEYS_WRITE, Scope.POLICY_WRITE, Scope.WEBHOOKS_WRITE):
        assert [role for role in Role if scope in ROLE_SCOPES[role]] == [Role.OWNER]


def test_an_auditor_changes_nothing_and_reads_no_mail() -> None:
    assert all(scope.endswith(":read") for scope in ROLE_SCOPES[Role.AUDITOR])
    assert Scope.MAIL_READ not in ROLE_SCOPES[Role.AUDITOR]
