from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Installed so that every process that runs Django has our Celery application as the current one."""

    name = "config"

    def ready(self) -> None:
        from config import celery  # noqa: F401 - makes itself current
