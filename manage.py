#!/usr/bin/env python
"""Runs one command of the product on the data that DATA_DIR (or DATABASE_URL) names."""

import os
import sys

# Commands that serve people and so keep a page's limit; all others may take as long as their work does.
SERVING = {"smtp_listener", "mail_fetcher", "runserver"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if not SERVING & set(sys.argv[1:2]):
        os.environ.setdefault("DB_TIMEOUT", "0")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from config import embedded

    try:
        from config import settings  # noqa: F401 - what is wrong with them is said before anything starts

        with embedded.servers_for_command(sys.argv):
            execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, embedded.ServerFailed) as error:
        if "receive_mail" in sys.argv[1:2]:  # a mail server calls it: it must keep the mail and come again
            sys.stderr.write(f"{error}\n")
            sys.exit(os.EX_TEMPFAIL)
        sys.exit(str(error))


if __name__ == "__main__":
    main()
