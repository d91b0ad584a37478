"""What the Celery workers do for the faces: primary keys in, rows out, safe to run twice."""

from celery import shared_task

from helpdesk import heartbeats


@shared_task(name="ops.beat")
def beat() -> None:
    """Proves the whole chain from beat through the broker to a worker's child."""
    heartbeats.beat("tasks")
