"""Settings, processes and wiring: the only package that knows how the product is run."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
