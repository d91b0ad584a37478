"""Plays the demo's three months through the real actions, each at its own past instant."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from feedback import actions as feedback
from feedback.models import Survey
from helpdesk.demo import people
from helpdesk.demo.stories import BAD_COMMENTS, CITIES, GOOD_COMMENTS, STORIES, Story
from sla.calendar import WorkingCalendar, add_working_time, compile_calendar
from tickets import actions
from tickets.models import Channel, Message, Status, Team, Ticket, User

DAYS, FRESH_DAYS, FRESH_SHARE = 92, 1.5, 0.1
HELD_FOR = timedelta(days=5)
ZONE = ZoneInfo(people.TIME_ZONE)
OFFICE = {
    "timezone": people.TIME_ZONE,
    "hours": {day: [["09:00", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")},
}
FIRST_REPLY_MINUTES = {"Billing": 35, "Tech": 55, "Orders": 80}
"""Median working minutes until an agent first answers, by team; urgent tickets take a third of it."""


@dataclass
class Player:
    """Plays tickets for a cast, always the same for the same seed and `now`."""

    now: datetime
    teams: dict[str, Team]
    agents: dict[str, list[User]]
    customers: list[User]
    dice: random.Random = field(default_factory=lambda: random.Random(1042))  # noqa: S311 - a story, no secret
    office: WorkingCalendar = field(default_factory=lambda: compile_calendar(OFFICE))

    def play(self, count: int, told: Callable[[int], None] = lambda _done: None) -> None:
        """Play `count` tickets, oldest first; `told` hears how many are done."""
        for done, opened_at in enumerate(sorted(self._opening() for _ in range(count)), 1):
            self._play_one(self.dice.choice(STORIES), opened_at)
            told(done)

    def _opening(self) -> datetime:
        """An instant of the last three months, mostly in office hours, a tenth of them since yesterday."""
        back = (
            FRESH_DAYS * self.dice.random() if self.dice.random() < FRESH_SHARE else DAYS * self.dice.random()
        )
        day = (self.now - timedelta(days=back)).astimezone(ZONE)
        if day.weekday() > 4 and self.dice.random() < 0.75:
            day -= timedelta(days=self.dice.choice((2, 3)))
        hour = min(max(self.dice.gauss(12.5, 3.2), 0), 23.9)
        at = day.replace(hour=int(hour), minute=self.dice.randrange(60), second=self.dice.randrange(60))
        return min(at, self.now - timedelta(minutes=self.dice.randrange(3, 240)))

    def _work(self, at: datetime, median_minutes: float) -> datetime:
        """An instant some working minutes after `at`, spread as people's answers are (log-normal)."""
        minutes = median_minutes * self.dice.lognormvariate(0, 0.9)
        return add_working_time(self.office, at, timedelta(minutes=minutes))

    def _play_one(self, story: Story, opened_at: datetime) -> None:
        customer = self.dice.choice(self.customers)
        fill = {
            "order": f"A-{self.dice.randrange(20_000, 99_999)}",
            "amount": f"{self.dice.randrange(19, 480)}.{self.dice.choice(('00', '50', '90'))}",
            "city": self.dice.choice(CITIES),
            "name": customer.first_name,
        }
        channel = self.dice.choices((Channel.MAIL, Channel.PORTAL, Channel.PHONE), (60, 30, 10))[0]
        agent = self.dice.choice(self.agents[story.team])
        urgent = story.priority == 4
        ticket = actions.open_ticket(
            requester=customer,
            subject=self.dice.choice(story.subjects).format(**fill),
            team=self.teams[story.team],
            by=agent if channel == Channel.PHONE else customer,
            channel=channel,
            words=_letter(story.customer[0].format(**fill), customer),
            priority=max(1, min(4, story.priority + self.dice.choice((0, 0, 0, -1, 1 if urgent else 0)))),
            type=story.type,
            tags=[story.tag],
            at=opened_at,
        )
        self._converse(ticket, story, agent, fill, opened_at)

    def _converse(
        self, ticket: Ticket, story: Story, agent: User, fill: dict[str, str], at: datetime
    ) -> None:
        customer = ticket.requester
        pace = FIRST_REPLY_MINUTES[story.team] / (3 if story.priority == 4 else 1)
        turns = self._turns_left(ticket)
        at = self._work(at, pace / 3)
        if at > self.now or turns == 0:
            return
        actions.assign(ticket, agent, by=agent, at=at)
        if story.note and self.dice.random() < 0.6:
            at = self._work(at, 4)
            if at <= self.now:
                actions.add_note(ticket, story.note.format(**fill), by=agent, at=at)
        for turn, answer in enumerate(story.agent):
            at = self._work(at, pace if turn == 0 else pace * 1.5)
            if at > self.now or turn + 1 >= turns:
                return
            last = turn == len(story.agent) - 1
            then = Status.RESOLVED if last and len(story.customer) == 1 else Status.WAITING
            words = _letter(answer.format(**fill), agent, hello=customer.first_name)
            actions.reply(ticket, words, by=agent, channel=Channel.DESK, then=then, at=at)
            if then == Status.RESOLVED:
                self._after(ticket, at)
                return
            at = at + timedelta(minutes=self.dice.lognormvariate(4.6, 1.1))
            if at > self.now or self.dice.random() < 0.06:
                return
            if turn + 1 < len(story.customer):
                words = _letter(story.customer[turn + 1].format(**fill), customer)
                actions.reply(ticket, words, by=customer, channel=Channel.MAIL, at=at)
        if turns == 99:
            self._settle(ticket, story, agent, at)

    def _turns_left(self, ticket: Ticket) -> int:
        """How far the work on a ticket has come: fresh ones are often untouched, taken, or in the middle."""
        if ticket.opened_at < self.now - timedelta(days=FRESH_DAYS):
            return 99
        return self.dice.choices((0, 1, 2, 99), (25, 30, 15, 30))[0]

    def _settle(self, ticket: Ticket, story: Story, agent: User, at: datetime) -> None:
        """Resolve with a last word, or leave it on hold for somebody else."""
        if self.dice.random() < 0.04 and at > self.now - HELD_FOR:
            actions.put_on_hold(ticket, by=agent, at=at)
            return
        at = self._work(at, 40)
        if at > self.now:
            return
        words = _letter("Good to hear. Write to us any time.", agent, hello=ticket.requester.first_name)
        if self.dice.random() < 0.7:
            actions.reply(ticket, words, by=agent, channel=Channel.DESK, then=Status.RESOLVED, at=at)
        else:
            actions.resolve(ticket, by=agent, at=at)
        self._after(ticket, at)

    def _after(self, ticket: Ticket, at: datetime) -> None:
        """What comes after a resolution: the survey, now and then a reopening, and the closing."""
        if self.dice.random() < 0.05:
            back = at + timedelta(hours=self.dice.uniform(5, 60))
            if back < self.now:
                words = _letter(
                    "I am afraid it is not solved: the same thing happened again.", ticket.requester
                )
                message = actions.reply(ticket, words, by=ticket.requester, channel=Channel.MAIL, at=back)
                at = self._work(back, 60)
                owner = message.ticket.assignee
                if at > self.now or owner is None:
                    return
                words = _letter("That should not be. I have set it right by hand.", owner, hello="")
                actions.reply(ticket, words, by=owner, channel=Channel.DESK, then=Status.RESOLVED, at=at)
        self._rate(ticket, at)
        closed_at = at + timedelta(days=ticket.team.close_after_days)
        if closed_at < self.now:
            actions.close(ticket, by=None, at=closed_at)

    def _rate(self, ticket: Ticket, at: datetime) -> None:
        """Six in ten answer the survey; who waited long is less content."""
        survey = Survey.objects.filter(ticket=ticket, state=Survey.State.SCHEDULED).last()
        if survey is None or survey.send_at > self.now:
            return
        survey = feedback.invite(survey, at=survey.send_at)
        answered_at = at + timedelta(hours=self.dice.lognormvariate(1.5, 1))
        if survey is None or survey.state != Survey.State.INVITED or self.dice.random() > 0.6:
            return
        answered_at = max(answered_at, survey.send_at + timedelta(minutes=self.dice.randrange(2, 300)))
        if answered_at < min(self.now, survey.expires_at or self.now):
            score, comment = self._score(ticket)
            feedback.answer(survey, score=score, comment=comment, at=answered_at)

    def _score(self, ticket: Ticket) -> tuple[int, str]:
        answers = Message.objects.filter(ticket=ticket, public=True, by="agent").order_by("said_at")
        waited = (answers[0].said_at - ticket.opened_at) if answers else timedelta(days=2)
        weights = (2, 3, 8, 32, 55) if waited < timedelta(hours=3) else (14, 16, 20, 30, 20)
        score = self.dice.choices((1, 2, 3, 4, 5), weights)[0]
        return score, self.dice.choice(GOOD_COMMENTS if score > 3 else BAD_COMMENTS)


def _letter(text: str, writer: User | None, hello: str = "") -> str:
    """A message as people write them: an address, the text, a name."""
    top = f"Hello {hello},\n\n" if hello else ""
    return f"{top}{text}\n\n{writer.first_name if writer else ''}".strip()
