"""The rows of the access matrix: for every route the rule of each method, and how it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from helpdesk.models import ReportMail
from helpdesk.report_links import stop_path
from tests.matrix import (
    Rule,
    Someone,
    Thing,
    World,
    administrators,
    anyone,
    api,
    api_work,
    asked,
    desk,
    hidden_from_customers,
    members,
    mira_alone,
    nobody,
    overseers,
    portal,
    portal_part,
    sees,
    shares,
    signed_in,
    sue_alone,
    works,
)

_TOMORROW = (timezone.now() + timedelta(days=1)).isoformat()
Shown = Callable[[Someone, Thing], bool]


@dataclass(frozen=True)
class Row:
    """One way to call a route.

    `get` and `post` are the rules of these methods; None means that there is no such method. `args` are the
    arguments of the address, `query` stands behind it, `body` is what is posted. `shows` says of which
    tickets the page of a list must hold the subject. A part is asked for as the page does that holds it.
    """

    get: Rule | None = None
    post: Rule | None = None
    args: Callable[[World, Thing], list[Any]] = lambda world, thing: []
    query: Callable[[World, Thing], str] = lambda world, thing: ""
    body: Callable[[World, Thing], dict[str, Any]] = lambda world, thing: {}
    shows: Shown | None = None
    variant: str = ""
    is_part: bool = False


def _ticket(world: World, thing: Thing) -> list[Any]:
    return [thing.ticket.pk]


def _text(**fields: Any) -> Callable[[World, Thing], dict[str, Any]]:
    return lambda world, thing: {"once": f"matrix-{thing.word}-0123456789"} | fields


def _overseen(someone: Someone, thing: Thing) -> str:
    """For supervisors and administrators; for others of the desk there is no such page."""
    given = desk(someone, thing)
    return given if given != "in" or someone.is_overseer else nobody(someone, thing)


def _api_overseen(someone: Someone, thing: Thing) -> str:
    given = api_work(someone, thing)
    return given if given != "in" or someone.is_overseer else "refused"


def _other(world: World, thing: Thing) -> Thing:
    """Another ticket than this one, of another team's or requester's."""
    things = world.things
    return things[(things.index(thing) + 1) % len(things)]


def _one(name: str) -> Callable[[World, Thing], list[Any]]:
    return lambda world, thing: [world.ids[name]]


def _desk_deed(**fields: Any) -> list[Row]:
    return [Row(post=desk, args=_ticket, body=_text(**fields))]


def _api_deed(rule: Rule, **fields: Any) -> list[Row]:
    return [Row(post=rule, args=_ticket, body=lambda world, thing: fields)]


def _setup_page(post: bool = False, one: str = "") -> list[Row]:
    args = _one(one) if one else Row().args
    return [Row(get=administrators, post=administrators if post else None, args=args)]


def _setup_button(one: str = "") -> list[Row]:
    return [Row(post=administrators, args=_one(one) if one else Row().args)]


def _promise_page(post: bool = False, one: str = "") -> list[Row]:
    """Calendars and policies: supervisors set them up too."""
    args = _one(one) if one else Row().args
    return [Row(get=overseers, post=overseers if post else None, args=args)]


def _promise_button(one: str = "") -> list[Row]:
    return [Row(post=overseers, args=_one(one) if one else Row().args)]


def _case(get: bool = False) -> Row:
    """Gus was rated and a supervisor owns it: supervisors and administrators see it, no agent does."""
    return Row(get=overseers if get else None, post=None if get else overseers, args=_one("case"))


def _roots_job() -> Row:
    return Row(post=administrators, args=_one("roots_job"), variant="of somebody else")


def _stop_token(world: World, thing: Thing) -> list[Any]:
    return [stop_path(ReportMail.objects.get(pk=world.ids["report_mail"])).split("/")[-2]]


def _by_survey_link(post: bool = False, of: str = "survey_token") -> list[Row]:
    """Whoever holds the link is let in, nobody by an altered one."""
    return [
        Row(get=anyone, post=anyone if post else None, args=lambda w, t: [getattr(w, of)]),
        Row(
            get=nobody,
            post=nobody if post else None,
            args=lambda w, t: [getattr(w, of)[:-1] + "0"],
            variant="altered",
        ),
    ]


def _crossed(get: Rule | None, post: Rule | None, part: Callable[[Thing], int]) -> Row:
    """The part of another ticket under this one's address: for nobody."""
    return Row(
        get=hidden(get),
        post=hidden(post),
        args=lambda w, t: [t.ticket.pk, part(_other(w, t))],
        variant="crossed",
    )


def hidden(rule: Rule | None) -> Rule | None:
    """Absent for whoever the rule would let in."""
    if rule is None:
        return None

    def answer(someone: Someone, thing: Thing) -> str:
        given = rule(someone, thing)
        return nobody(someone, thing) if given == "in" else given

    return answer


def _a_text(world: World, thing: Thing) -> list[Any]:
    return ["ticket.received", "en"]


_wording_page = [Row(get=administrators, post=administrators, args=_a_text)]
_ANY = [Row(get=anyone)]
_FORM = [Row(get=anyone, post=anyone)]
_DESK_PAGE = [Row(get=desk, args=_ticket)]
_PORTAL_PAGE = [Row(get=portal, args=_ticket)]
_ANY_METHOD_PORTAL_PAGE = [Row(get=portal, post=portal, args=_ticket)]

ROWS: dict[str, list[Row]] = {
    # What has no secrets.
    "livez": _ANY,
    "healthz": _ANY,
    "look": [Row(post=anyone)],
    "language": [Row(post=anyone)],
    "brand": [Row(get=nobody, post=nobody, args=lambda w, t: ["0" * 16])],
    "logo": [Row(get=nobody, post=nobody, args=lambda w, t: ["0" * 16])],
    # Accounts. What a form does with its words is the accounts' own tests.
    "account_login": _FORM,
    "account_request_login_code": _FORM,
    "account_confirm_login_code": [
        Row(get=lambda s, t: "in" if s.user else "sign in", post=lambda s, t: "in" if s.user else "sign in")
    ],
    "account_logout": _FORM,
    "account_inactive": _ANY,
    "account_signup": _FORM,
    "account_change_password": [Row(get=signed_in, post=signed_in)],
    "account_set_password": [Row(get=signed_in, post=signed_in)],
    "account_reset_password": _FORM,
    "account_reset_password_done": _ANY,
    "account_reset_password_from_key": [Row(get=anyone, args=lambda w, t: ["1", "wrong-key"])],
    "account_reset_password_from_key_done": _ANY,
    "account_join": [Row(get=anyone, post=anyone, args=lambda w, t: [w.cast.mira.pk, "wrong"])],
    "account_join_here": [Row(get=nobody, post=nobody)],
    "account_first_admin": [Row(get=anyone, post=anyone, args=lambda w, t: ["wrong"])],
    "account_first_here": [Row(get=nobody, post=nobody)],
    "account_preferences": [Row(get=signed_in, post=signed_in)],
    # Portal.
    "portal:welcome": _ANY,
    "portal:new": _FORM,
    "portal:check_email": _FORM,
    "portal:confirm": [Row(get=anyone, post=anyone, args=lambda w, t: ["wrong"])],
    "portal:confirm_here": [Row(get=nobody, post=nobody)],
    "portal:tickets": [Row(get=signed_in, shows=asked)],
    "portal:organization": [
        Row(
            get=lambda s, t: (
                signed_in(s, t) if s.user is None or _has_sharing_organization(s) else nobody(s, t)
            ),
            shows=lambda s, t: shares(s, t),
        )
    ],
    "portal:ticket": _PORTAL_PAGE,
    "portal:received": _ANY_METHOD_PORTAL_PAGE,
    "portal:reply": [Row(post=portal, args=_ticket, body=_text(message="One more thing"))],
    "portal:resolve": [Row(post=portal, args=_ticket, body=_text())],
    "portal:news": [Row(get=portal_part, args=_ticket)],
    "portal:attachment": [
        Row(get=portal_part, args=lambda w, t: [t.ticket.pk, t.public_file]),
        Row(get=nobody, args=lambda w, t: [t.ticket.pk, t.note_file], variant="of a note"),
        Row(get=nobody, args=lambda w, t: [t.ticket.pk, _other(w, t).public_file], variant="crossed"),
    ],
    "portal:file": [Row(get=nobody, args=lambda w, t: ["wrong"])],
    "portal:file_download": [Row(get=nobody, args=lambda w, t: ["wrong"])],
    "portal:guest_link": [
        Row(get=anyone, args=lambda w, t: [w.guest_token]),
        Row(get=nobody, args=lambda w, t: [w.guest_token[:-1] + "_"], variant="altered"),
    ],
    # Surveys: the token is the only key.
    "surveys:survey": _by_survey_link(post=True),
    "surveys:thanks": _by_survey_link(),
    "surveys:stop": _by_survey_link(post=True),
    "surveys:solved": _by_survey_link(post=True, of="solved_token"),
    "surveys:solved_thanks": _by_survey_link(of="solved_token"),
    "surveys:solved_stop": _by_survey_link(post=True, of="solved_token"),
    # The mailbox exists only where no mail server is set, for who sits at the machine.
    "mailbox:index": [Row(get=nobody)],
    "mailbox:mail": [Row(get=nobody, args=lambda w, t: [700_001])],
    "mailbox:html": [Row(get=nobody, args=lambda w, t: [700_001])],
    "mailbox:raw": [Row(get=nobody, args=lambda w, t: [700_001])],
    # Desk.
    "desk:queue": [Row(get=members, query=lambda w, t: "?view=open", shows=works)],
    "desk:news": [Row(get=members, query=lambda w, t: "?view=open", is_part=True)],
    "desk:take-next": [Row(post=members)],
    "desk:bulk": [
        Row(
            post=members,
            body=lambda w, t: {"ticket": [str(one.ticket.pk) for one in w.things], "do": "resolve"},
        )
    ],
    "desk:bulk-one": [Row(get=mira_alone, args=_one("bulk"))],
    "desk:bulk-stop": [Row(post=mira_alone, args=_one("bulk"))],
    "desk:bulk-undo": [Row(post=mira_alone, args=_one("bulk"))],
    "desk:views": [Row(get=members, is_part=True)],
    "desk:view-new": [Row(get=members, post=members)],
    "desk:view": [Row(get=mira_alone, post=mira_alone, args=_one("view"))],
    "desk:view-delete": [Row(post=mira_alone, args=_one("view"))],
    "desk:search": [Row(get=members, query=lambda w, t: "?q=matrix", shows=works)],
    "desk:palette": [
        Row(get=members, query=lambda w, t: f"?words=matrix&ticket={t.ticket.pk}", is_part=True)
    ],
    "desk:customers": [Row(get=members)],
    "desk:customer": [
        Row(
            get=members,
            args=lambda w, t: [t.ticket.requester_id],
            shows=lambda s, t: works(s, t),
        )
    ],
    "desk:customer-timeline": [
        Row(
            get=members,
            args=lambda w, t: [t.ticket.requester_id],
            shows=lambda s, t: works(s, t),
        )
    ],
    "desk:new": [Row(get=members, post=members)],
    "desk:ticket": _DESK_PAGE,
    "desk:ticket-news": [Row(get=desk, args=_ticket, is_part=True)],
    "desk:here": _desk_deed(doing="reading", tab="one"),
    "desk:there": [
        Row(
            get=members,
            query=lambda w, t: "?rows=" + "-".join(str(x.ticket.pk) for x in w.things),
            is_part=True,
        )
    ],
    "desk:reply": _desk_deed(text="We look into it."),
    "desk:note": _desk_deed(text="Hm."),
    "desk:save-draft": _desk_deed(text="Hm."),
    "desk:send-later": _desk_deed(text="Hm.", send_at=_TOMORROW),
    "desk:discard-draft": _desk_deed(),
    "desk:unschedule-draft": _desk_deed(),
    "desk:move-draft": _desk_deed(text="Hm."),
    "desk:add-draft-file": _desk_deed(),
    "desk:remove-draft-file": _desk_deed(file="1"),
    "desk:saved-replies": [Row(get=desk, args=_ticket)],
    "desk:choose-reply": _desk_deed(text="Hm."),
    "desk:insert": _desk_deed(text="Hm."),
    "desk:change-copies": _desk_deed(add="somebody@elsewhere.example"),
    "desk:drafts": [Row(get=members)],
    "desk:writing": [Row(get=members, post=members)],
    "desk:assign": _desk_deed(to="0"),
    "desk:take": _desk_deed(),
    "desk:prioritize": _desk_deed(priority="3"),
    "desk:move": [Row(post=desk, args=_ticket, body=lambda w, t: {"team": str(w.cast.billing.pk)})],
    "desk:retype": _desk_deed(type="task"),
    "desk:tag": _desk_deed(tag="red"),
    "desk:untag": _desk_deed(tag="red"),
    "desk:ask-outside": [Row(get=desk, post=desk, args=_ticket, body=_text(text="When?"))],
    "desk:side-talk": [
        Row(
            get=desk,
            post=desk,
            args=lambda w, t: [t.ticket.pk, t.side_talk],
            body=_text(text="And when is that?"),
        ),
        _crossed(desk, desk, lambda thing: thing.side_talk),
    ],
    "desk:close-side-talk": [
        Row(post=desk, args=lambda w, t: [t.ticket.pk, t.side_talk]),
        _crossed(None, desk, lambda thing: thing.side_talk),
    ],
    "desk:reopen-side-talk": [
        Row(post=desk, args=lambda w, t: [t.ticket.pk, t.side_talk]),
        _crossed(None, desk, lambda thing: thing.side_talk),
    ],
    "desk:withdraw-outside": [
        Row(post=desk, args=lambda w, t: [t.ticket.pk, t.side_message]),
        _crossed(None, desk, lambda thing: thing.side_message),
    ],
    "desk:merge": [
        Row(get=desk, post=desk, args=_ticket),
        Row(
            get=desk,
            args=_ticket,
            query=lambda w, t: f"?with={_other(w, t).ticket.pk}",
            variant="with another",
        ),
    ],
    "desk:change-requester": [
        Row(get=desk, post=desk, args=_ticket, body=lambda w, t: {"person": str(w.cast.bob.pk)}),
        Row(get=desk, args=_ticket, query=lambda w, t: "?q=somebody@elsewhere.example", variant="somebody"),
    ],
    "desk:split": [
        Row(
            get=desk,
            post=desk,
            args=_ticket,
            body=lambda w, t: {"message": str(t.customer_message), "once": "x"},
        ),
    ],
    "desk:unsplit": _desk_deed(),
    "desk:delete": [Row(get=_overseen, post=_overseen, args=_ticket)],
    "desk:restore": [Row(post=_overseen, args=_one("deleted"))],
    "desk:deleted": [Row(get=overseers)],
    "desk:link": [Row(post=desk, args=_ticket, body=lambda w, t: {"other": str(_other(w, t).ticket.pk)})],
    "desk:unlink": [Row(post=desk, args=_ticket, body=lambda w, t: {"other": str(_other(w, t).ticket.pk)})],
    "desk:mark-spam": _desk_deed(),
    "desk:unmark-spam": _desk_deed(),
    "desk:unmerge": _desk_deed(),
    "desk:resolve": _desk_deed(),
    "desk:reopen": _desk_deed(),
    "desk:close": _desk_deed(),
    "desk:set-waiting": _desk_deed(),
    "desk:put-on-hold": _desk_deed(),
    "desk:set-open": _desk_deed(),
    "desk:snooze": _desk_deed(until=_TOMORROW),
    "desk:unsnooze": _desk_deed(),
    "desk:set-deadline": _desk_deed(metric="resolution", due_at=_TOMORROW),
    "desk:release-deadline": _desk_deed(metric="resolution"),
    "desk:accept-follower": [Row(post=desk, args=_ticket, body=lambda w, t: {"person": str(t.copied.pk)})],
    "desk:remove-follower": [Row(post=desk, args=_ticket, body=lambda w, t: {"person": str(t.copied.pk)})],
    "desk:withdraw": [
        Row(post=desk, args=lambda w, t: [t.ticket.pk, t.undoable_message]),
        _crossed(None, desk, lambda thing: thing.undoable_message),
    ],
    "desk:revoke-links": [
        Row(post=desk, args=lambda w, t: [t.ticket.pk, t.customer_message]),
        _crossed(None, desk, lambda thing: thing.customer_message),
    ],
    "desk:accept": [
        Row(post=desk, args=lambda w, t: [t.ticket.pk, t.held_message]),
        _crossed(None, desk, lambda thing: thing.held_message),
    ],
    "desk:open-held": [
        Row(post=desk, args=lambda w, t: [t.ticket.pk, t.held_message]),
        _crossed(None, desk, lambda thing: thing.held_message),
    ],
    "desk:retry": [
        Row(post=desk, args=lambda w, t: [t.ticket.pk, t.delivery]),
        _crossed(None, desk, lambda thing: thing.delivery),
    ],
    "desk:dismiss": [
        Row(post=desk, args=lambda w, t: [t.ticket.pk, t.delivery]),
        _crossed(None, desk, lambda thing: thing.delivery),
    ],
    "desk:availability": [Row(get=members)],
    "desk:go-away": [Row(post=members)],
    "desk:come-back": [Row(post=members)],
    "desk:notifications": [Row(get=members)],
    "desk:notifications-count": [Row(get=members, is_part=True)],
    "desk:mark-read": [Row(post=members)],
    "desk:undelivered": [Row(get=members, shows=works)],
    "desk:message-html": [
        Row(get=desk, args=lambda w, t: [t.ticket.pk, t.customer_message]),
        _crossed(desk, None, lambda thing: thing.customer_message),
    ],
    "desk:show-images": [
        Row(post=desk, args=lambda w, t: [t.ticket.pk, t.customer_message]),
        _crossed(None, desk, lambda thing: thing.customer_message),
    ],
    "desk:original": [
        Row(get=desk, args=lambda w, t: [t.ticket.pk, t.customer_message]),
        _crossed(desk, None, lambda thing: thing.customer_message),
    ],
    "desk:attachment": [
        Row(get=desk, args=lambda w, t: [t.ticket.pk, t.note_file]),
        _crossed(desk, None, lambda thing: thing.note_file),
    ],
    # Reports.
    "reports:index": [Row(get=members)],
    "reports:first-response": [Row(get=overseers)],
    "reports:sla": [Row(get=overseers)],
    "reports:workload": [Row(get=overseers)],
    "reports:feedback": [Row(get=overseers)],
    "reports:recommendation": [Row(get=overseers)],
    "reports:effort": [Row(get=overseers)],
    "reports:mails": [Row(get=overseers)],
    "reports:mail-subscribe": [
        Row(post=overseers, body=lambda w, t: {"report": "sla", "question": "period=7d", "rhythm": "daily"})
    ],
    "reports:mail-pause": [Row(post=sue_alone, args=_one("report_mail"))],
    "reports:mail-resume": [Row(post=sue_alone, args=_one("report_mail"))],
    "reports:mail-end": [Row(post=sue_alone, args=_one("report_mail"))],
    # Whoever holds the link is let in, nobody by an altered one.
    "reports:mail-stop": [
        Row(get=anyone, post=anyone, args=_stop_token),
        Row(get=nobody, post=nobody, args=lambda w, t: [_stop_token(w, t)[0] + "0"], variant="altered"),
    ],
    "reports:mine": [Row(get=members)],
    "reports:cases": [Row(get=members)],
    "reports:case": [_case(get=True)],
    "reports:case-outcome": [_case()],
    "reports:case-contact": [_case()],
    "reports:case-answer": [_case()],
    "reports:case-assign": [_case()],
    "reports:case-ask-again": [_case()],
    "reports:case-open": [Row(post=overseers, args=_one("scored"))],
    "reports:choices": [Row(get=overseers, args=lambda w, t: ["tag"], is_part=True)],
    "reports:tickets": [Row(get=members, query=lambda w, t: "?report=first-response")],
    "reports:export": [Row(get=members, query=lambda w, t: "?report=first-response")],
    # API.
    "api:tickets": [
        Row(
            get=signed_in,
            post=signed_in,
            shows=sees,
            body=lambda w, t: {"subject": "New", "text": "New"},
        )
    ],
    "api:ticket": [Row(get=api, args=_ticket)],
    "api:messages": [Row(get=api, args=_ticket)],
    "api:reply": _api_deed(api, text="One more thing"),
    "api:withdraw": [
        Row(post=api_work, args=lambda w, t: [t.ticket.pk, t.undoable_message]),
        _crossed(None, api_work, lambda thing: thing.undoable_message),
    ],
    "api:deliveries": [Row(get=api_work, args=_ticket)],
    "api:retry": [
        Row(post=api_work, args=lambda w, t: [t.ticket.pk, t.delivery]),
        _crossed(None, api_work, lambda thing: thing.delivery),
    ],
    "api:drafts": [Row(get=api, args=_ticket)],
    "api:save-draft": _api_deed(api_work, kind="reply", version=0, text="Hm."),
    "api:discard-draft": _api_deed(api_work, kind="reply", version=0),
    "api:schedule-draft": _api_deed(api_work, kind="reply", version=1, send_at=_TOMORROW),
    "api:send-draft": _api_deed(api_work, kind="reply", version=1),
    "api:add-draft-file": _api_deed(api_work),
    "api:remove-draft-file": _api_deed(api_work, file=1),
    "api:saved-replies": [Row(get=api_work, args=_ticket)],
    "api:fill-reply": [Row(post=api_work, args=_ticket, body=lambda w, t: {"saved_reply": w.ids["reply"]})],
    "api:note": _api_deed(api_work, text="Hm."),
    "api:assign": _api_deed(api_work, assignee=None),
    "api:prioritize": _api_deed(api_work, priority="high"),
    "api:move": [Row(post=api_work, args=_ticket, body=lambda w, t: {"team": w.cast.billing.pk})],
    "api:merge": [Row(post=api_work, args=_ticket, body=lambda w, t: {"into": t.ticket.pk})],
    "api:change-requester": _api_deed(api_work, requester_email="somebody@elsewhere.example"),
    "api:split": [Row(post=api_work, args=_ticket, body=lambda w, t: {"messages": [t.customer_message]})],
    "api:delete": [Row(post=_api_overseen, args=_ticket)],
    "api:restore": [Row(post=overseers, args=_one("deleted"))],
    "api:unmerge": _api_deed(api_work),
    "api:snooze": _api_deed(api_work, until=_TOMORROW),
    "api:unsnooze": _api_deed(api_work),
    "api:mark-spam": _api_deed(api_work),
    "api:unmark-spam": _api_deed(api_work),
    "api:retype": _api_deed(api_work, type="task"),
    "api:tag": _api_deed(api_work, tag="red"),
    "api:untag": _api_deed(api_work, tag="red"),
    "api:resolve": _api_deed(api),
    "api:reopen": _api_deed(api),
    "api:close": _api_deed(api_work),
    "api:set-waiting": _api_deed(api_work),
    "api:put-on-hold": _api_deed(api_work),
    "api:set-open": _api_deed(api_work),
    "api:clocks": [Row(get=api_work, args=_ticket)],
    "api:set-deadline": _api_deed(api_work, metric="resolution", due_at=_TOMORROW),
    "api:release-deadline": _api_deed(api_work, metric="resolution"),
    "api:attachment": [
        Row(get=api, args=lambda w, t: [t.public_file]),
        Row(get=hidden_from_customers(api), args=lambda w, t: [t.note_file], variant="of a note"),
    ],
    "api:me": [Row(get=signed_in)],
    "api:availability": [Row(get=members)],
    "api:go-away": [Row(post=members)],
    "api:come-back": [Row(post=members)],
    "api:take-next": [Row(post=members)],
    "api:bulk": [Row(post=members, body=lambda w, t: {"tickets": [t.ticket.pk], "do": "resolve"})],
    "api:bulk-one": [Row(get=mira_alone, args=_one("bulk"))],
    "api:bulk-stop": [Row(post=mira_alone, args=_one("bulk"))],
    "api:bulk-undo": [Row(post=mira_alone, args=_one("bulk"))],
    "api:notifications": [Row(get=members)],
    "api:mark-read": [Row(post=members)],
    "api:report": [Row(get=members, args=lambda w, t: ["first-response"])],
    "api:teams": [Row(get=signed_in)],
    "api:schema": [Row(get=signed_in)],
    "api:docs": [Row(get=signed_in)],
    "api:nowhere": [
        Row(
            get=lambda s, t: "absent" if s.user else "sign in",
            post=lambda s, t: "absent" if s.user else "sign in",
            args=lambda w, t: ["nothing/here/"],
        )
    ],
    # Setup.
    "setup:index": _setup_page(),
    "setup:company": _setup_page(post=True),
    "setup:company_brand": _setup_page(post=True),
    "setup:company_logo": _setup_button(),
    "setup:company_logo_remove": _setup_button(),
    "setup:teams": _setup_page(),
    "setup:teams_new": _setup_page(post=True),
    "setup:teams_edit": _setup_page(post=True, one="team"),
    "setup:teams_look": _setup_page(post=True, one="team"),
    "setup:teams_sharing": _setup_page(post=True, one="team"),
    "setup:teams_silence": _setup_page(post=True, one="team"),
    "setup:teams_close": _setup_button("team"),
    "setup:teams_open": _setup_button("team"),
    "setup:organizations": _setup_page(),
    "setup:organizations_new": _setup_page(post=True),
    "setup:organizations_edit": _setup_page(post=True, one="organization"),
    "setup:people": _setup_page(),
    "setup:people_invite": _setup_page(post=True),
    "setup:people_edit": _setup_page(post=True, one="person"),
    "setup:people_role": _setup_button("person"),
    "setup:people_deactivate": _setup_button("person"),
    "setup:people_reactivate": _setup_button("person"),
    "setup:people_again": _setup_button("person"),
    "setup:addresses": _setup_page(),
    "setup:addresses_new": _setup_page(post=True),
    "setup:addresses_edit": _setup_page(post=True, one="address"),
    "setup:addresses_close": _setup_button("address"),
    "setup:addresses_open": _setup_button("address"),
    "hooks:mail": [Row(post=nobody, args=lambda w, t: [700_001, "no-token"])],
    "setup:sources": _setup_page(),
    "setup:sources_new": _setup_page(post=True),
    "setup:sources_webhook": _setup_page(post=True),
    "setup:sources_edit": _setup_page(post=True, one="source"),
    "setup:sources_test": _setup_button("source"),
    "setup:sources_close": _setup_button("source"),
    "setup:sources_open": _setup_button("source"),
    "setup:surveys_causes": _setup_page(),
    "setup:surveys_causes_new": _setup_page(post=True),
    "setup:surveys_causes_edit": _setup_page(post=True, one="cause"),
    "setup:surveys_causes_move": _setup_button("cause"),
    "setup:topics": _setup_page(),
    "setup:topics_new": _setup_page(post=True),
    "setup:topics_edit": _setup_page(post=True, one="topic"),
    "setup:topics_move": _setup_button("topic"),
    "setup:replies": _setup_page(),
    "setup:replies_new": _setup_page(post=True),
    "setup:replies_edit": _setup_page(post=True, one="reply"),
    "setup:replies_delete": _setup_button("reply"),
    "setup:mail": _setup_page(),
    "setup:mail_incoming": _setup_page(),
    "setup:mail_act": _setup_button(),
    "setup:mail_one": _setup_page(one="incoming"),
    "setup:mail_raw": _setup_page(one="incoming"),
    "setup:mail_floods": _setup_page(post=True),
    "setup:mail_blocked": _setup_page(post=True),
    "setup:mail_unblock": _setup_button("blocked"),
    "setup:mail_outgoing": _setup_page(),
    "setup:mail_delivery": _setup_page(one="outgoing"),
    "setup:mail_delivery_raw": _setup_page(one="outgoing"),
    "setup:mail_read_again": _setup_button("incoming"),
    "setup:mail_send_again": _setup_button("outgoing"),
    "setup:wording": _setup_page(),
    "setup:wording_edit": _wording_page,
    "setup:wording_reset": [Row(post=administrators, args=_a_text)],
    "setup:wording_preview": _wording_page,
    "setup:surveys": _setup_page(),
    "setup:surveys_mail": _setup_page(post=True),
    "setup:surveys_defaults": _setup_button(),
    "setup:surveys_new": [Row(get=administrators, post=administrators, args=lambda w, t: ["ces"])],
    "setup:surveys_edit": _setup_page(post=True, one="survey"),
    "setup:surveys_move": _setup_button("survey"),
    "setup:surveys_switch": _setup_button("survey"),
    "setup:hours": _promise_page(),
    "setup:hours_defaults": _promise_button(),
    "setup:hours_calendar_new": _promise_page(post=True),
    "setup:hours_calendar": _promise_page(one="calendar"),
    "setup:hours_calendar_edit": _promise_page(post=True, one="calendar"),
    "setup:hours_calendar_day": _promise_page(post=True, one="calendar"),
    "setup:hours_calendar_public": _promise_page(post=True, one="calendar"),
    "setup:hours_calendar_source_remove": _promise_button("calendar"),
    "setup:hours_calendar_ical": _promise_page(post=True, one="calendar"),
    "setup:hours_policy_new": _promise_page(post=True),
    "setup:hours_policy": _promise_page(post=True, one="policy"),
    "setup:hours_policy_move": _promise_button("policy"),
    "setup:hours_policy_switch": _promise_button("policy"),
    "setup:faults": _setup_page(),
    "setup:faults_clocks_again": _setup_button(),
    "setup:faults_clock_again": _setup_button("clock"),
    "setup:faults_escalation_again": _setup_button("escalation"),
    "setup:jobs": _promise_page(),
    "setup:jobs_simulate": _promise_page(post=True),
    "setup:jobs_one": [
        *_promise_page(one="job"),
        Row(get=administrators, args=_one("roots_job"), variant="of somebody else"),
    ],
    "setup:jobs_cancel": [*_promise_button("job"), _roots_job()],
    "setup:jobs_again": [*_promise_button("job"), _roots_job()],
    "setup:tokens": [Row(get=members, post=members)],
    "setup:tokens_revoke": [
        Row(
            post=lambda s, t: members(s, t) if s.user is None or s.name == "agent" else nobody(s, t),
            args=_one("token"),
        )
    ],
}


def _has_sharing_organization(someone: Someone) -> bool:
    organization = someone.user.organization if someone.user else None
    return organization is not None and organization.shares_tickets
