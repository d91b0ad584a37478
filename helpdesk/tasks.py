"""What the Celery workers do for the faces: primary keys in, rows out, safe to run twice."""

from celery import shared_task

from helpdesk import heartbeats, tidying
from helpdesk.actions import report_mails
from helpdesk.mail import inbound, outbound
from tickets.handover import hand_over


@shared_task(name="ops.beat")
def beat() -> None:
    """Proves the whole chain from beat through the broker to a worker's child."""
    heartbeats.beat("tasks")


@shared_task(name="ops.tidy")
def tidy() -> dict[str, int]:
    """Delete what is kept for a while only."""
    return tidying.tidy()


@shared_task(name="mail.deliver", soft_time_limit=840, time_limit=870)
def deliver(hint: int) -> None:
    """Send what is due, the most urgent first; `hint` is what woke us and may be done already."""
    outbound.deliver_due()


@shared_task(name="mail.sweep_deliveries")
def sweep_deliveries() -> None:
    """Take back what died in flight, and hand over again what a lost hand-over left lying."""
    for nth in range(outbound.sweep()):
        hand_over("mail.deliver", nth)


@shared_task(name="mail.process")
def process_mail(hint: int) -> None:
    """Read and file what waits; `hint` is the mail that woke us and may be done already."""
    inbound.process_waiting()


@shared_task(name="mail.sweep_inbound")
def sweep_inbound() -> int:
    """Hand over again the mail that waits and that nobody is at. Returns how many."""
    return inbound.sweep()


@shared_task(name="reports.let_due_go")
def let_due_reports_go() -> int:
    """Put the reports whose time has come into the outbox. Returns how many it looked at."""
    return report_mails.let_due_go()
