"""The workbench: what a draft says, does and changes, before it is in force. Nothing here changes anything.

The same functions answer ``gatepost policy``; what takes processor time is done on the bench, beside the mail.
"""

from dataclasses import asdict
from functools import partial
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response

from gatepost import workbench
from gatepost.access.paper import Principal
from gatepost.decide import TENANT_WIDE, Stored, fixtures
from gatepost.decide.diff import diff
from gatepost.decide.ending import Judged as Judgement
from gatepost.decide.language import Policy, parse
from gatepost.decide.lint import lint
from gatepost.decide.rules import judge
from gatepost.decide.templates import TEMPLATES, template
from gatepost.decide.told import tell
from gatepost.decide.widening import compare
from gatepost.doors.rest import workbench_bodies as bodies
from gatepost.doors.rest.auth import HouseDep, PolicyReader
from gatepost.doors.rest.parameters import OfPolicy, TemplateName, TenantWide
from gatepost.doors.rest.problems import Code, Problem, missing
from gatepost.doors.rest.reach import live_of
from gatepost.doors.rest.record_shapes import TraceStep
from gatepost.doors.rest.workbench_shapes import (
    Changed,
    Checked,
    Difference,
    Explained,
    Judged,
    Remark,
    Remarks,
    TemplateList,
    TemplateShown,
    Tested,
    TestRun,
    WideningShown,
)
from gatepost.doors.rest.written import YAML, Written, accepts
from gatepost.journey import House
from gatepost.workbench import Bench

router = APIRouter(prefix="/v1/policy", tags=["workbench"])


def bench_of(request: Request) -> Bench:
    """Return where this door works on drafts."""
    return cast("Bench", request.app.state.bench)


BenchDep = Annotated[Bench, Depends(bench_of)]


def _policy(document: object, *, is_wide: bool) -> Policy:
    return parse(document, version=0, is_tenant_wide=is_wide)[0]


@router.post("/check", summary="Read a draft", openapi_extra=accepts(bodies.described(bodies.ALONE)))
async def check(document: Written, bench: BenchDep, _: PolicyReader, tenant_wide: TenantWide = False) -> Checked:  # noqa: FBT002  # a query's
    """Read a draft as the house would. 422 lists every fault with its place and the nearest valid name."""
    asked = bodies.read_question(document, bodies.ALONE)
    policy = await bench.do(partial(_policy, asked.policy, is_wide=tenant_wide))
    return Checked(
        digest=policy.digest, rules=len(policy.rules), guards=len(policy.guards), warnings=list(policy.warnings)
    )


@router.post("/explain", summary="Explain a draft", openapi_extra=accepts(bodies.described(bodies.EXPLAIN)))
async def explain(
    document: Written,
    house: HouseDep,
    bench: BenchDep,
    _: PolicyReader,
    tenant_wide: TenantWide = False,  # noqa: FBT002  # a query's
) -> Explained:
    """Say in sentences what a draft does; with `mail`, as tests describe one, or a real `message`, what becomes of it.

    A real message is verified as if it had just come from `clientIp`: DNS and scanners are asked, nothing is kept.
    What only a mailbox's past could say (limits, first mail) is as of an author's ordinary mail.
    """
    asked = bodies.read_question(document, bodies.EXPLAIN)
    mail, message = asked.besides.get("mail"), asked.besides.get("message")
    if mail is not None and message is not None:
        raise Problem(Code.REQUEST_INVALID, errors=["give a mail or a message, not both"])
    policy = await bench.do(partial(_policy, asked.policy, is_wide=tenant_wide))
    if message is not None:
        seen = await workbench.see_message(house, bodies.uploaded(message))
        judgement = await bench.do(partial(judge, seen, policy))
    elif mail is not None:
        judgement = await bench.do(partial(fixtures.judge_mail, mail, policy))
    else:
        judgement = None
    return Explained(sentences=tell(policy), judged=_judged(judgement) if judgement else None)


def _judged(judgement: Judgement) -> Judged:
    ending, trace = judgement
    return Judged(
        disposition=ending.disposition,
        outcome=ending.outcome,
        reason=ending.reason,
        detail=ending.detail,
        labels=list(ending.labels),
        capabilities=list(ending.grant.capabilities) if ending.grant else [],
        trace=[TraceStep(check=step.check, result=step.result) for step in trace],
    )


@router.post("/test", summary="Run a draft's tests", openapi_extra=accepts(bodies.described(bodies.TEST)))
async def run_tests(document: Written, bench: BenchDep, _: PolicyReader, tenant_wide: TenantWide = False) -> Tested:  # noqa: FBT002  # a query's
    """Run the tests inside a draft, and those beside it (`tests`). 422 where there is none: nothing was shown then."""
    asked = bodies.read_question(document, bodies.TEST)
    policy = await bench.do(partial(_policy, asked.policy, is_wide=tenant_wide))
    own = asked.policy if isinstance(asked.policy, dict) and asked.policy.get("tests") else None
    wanted = [*(fixtures.read_fixtures(own) if own else []), *asked.besides.get("tests", [])]
    if not wanted:
        raise Problem(Code.REQUEST_INVALID, errors=["tests: there are none, in the policy or beside it"])
    tried = await bench.do(partial(fixtures.run, policy, wanted))
    items = [TestRun(name=each.name, passed=not each.faults, faults=list(each.faults)) for each in tried]
    failed = sum(not each.passed for each in items)
    return Tested(passed=len(items) - failed, failed=failed, items=items)


@router.post("/lint", summary="Look for what is not meant", openapi_extra=accepts(bodies.described(bodies.ALONE)))
async def show_lint(
    document: Written,
    house: HouseDep,
    bench: BenchDep,
    principal: PolicyReader,
    mailbox: OfPolicy = None,
    tenant_wide: TenantWide = False,  # noqa: FBT002  # a query's
) -> Remarks:
    """Find rules nobody reaches, guards that find nothing, authors believed without proof.

    With `mailbox`, also whether more would be let in than by the policy in force there (0: the tenant's).
    """
    asked = bodies.read_question(document, bodies.ALONE)
    live = None if mailbox is None else await live_of(house, principal, mailbox)
    is_wide, now = tenant_wide or mailbox == TENANT_WIDE, house.clock()

    def work() -> list[Remark]:
        policy, before = _policy(asked.policy, is_wide=is_wide), workbench.compiled(live)
        found = lint(policy, now=now, live=before, has_live=mailbox is not None)
        return [Remark(**asdict(each)) for each in found]

    return Remarks(items=await bench.do(work))


@router.post("/diff", summary="Show what changes", openapi_extra=accepts(bodies.described(bodies.DIFF)))
async def show_diff(
    document: Written,
    house: HouseDep,
    bench: BenchDep,
    principal: PolicyReader,
    mailbox: OfPolicy = None,
    tenant_wide: TenantWide = False,  # noqa: FBT002  # a query's
) -> Difference:
    """Show each change from `other`, or from the policy in force for `mailbox` (0: the tenant's), to the draft.

    And whether more would be let in: proven not, shown by a mail, or undecided.
    """
    asked = bodies.read_question(document, bodies.DIFF)
    if ("other" in asked.besides) == (mailbox is not None):
        raise Problem(Code.REQUEST_INVALID, errors=["name either another policy (other) or a mailbox"])
    live = None if mailbox is None else await _live(house, principal, mailbox)
    is_wide = tenant_wide or mailbox == TENANT_WIDE

    def work() -> Difference:
        draft = _policy(asked.policy, is_wide=is_wide)
        before = workbench.compiled(live) if live else _policy(asked.besides["other"], is_wide=is_wide)
        other = live.document if live else asked.besides["other"]
        return Difference(
            changes=[Changed(**asdict(each)) for each in diff(other, asked.policy)],
            widening=WideningShown(**asdict(compare(before, draft))),
        )

    return await bench.do(work)


async def _live(house: House, principal: Principal, mailbox: int) -> Stored:
    stored = await live_of(house, principal, mailbox)
    if stored is None:
        raise missing("policy")
    return stored


@router.get("/templates", summary="List the templates")
async def templates(_: PolicyReader) -> TemplateList:
    """Return what a first policy may begin with."""
    return TemplateList(items=[TemplateShown(name=name, sentence=each) for name, each in TEMPLATES.items()])


@router.get(
    "/templates/{name}",
    summary="Read a template",
    response_class=Response,
    responses={200: {"content": {YAML: {"schema": dict(bodies.POLICY.schema)}}}},
)
async def show_template(name: TemplateName, _: PolicyReader) -> Response:
    """Return a policy in YAML with tests that show what it does."""
    try:
        return Response(template(name), media_type=YAML)
    except LookupError:
        raise missing("template") from None
