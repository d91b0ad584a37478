"""`python -m tests.drills NAME …`: runs one drill and writes its figures into docs/drills.md."""

import importlib
import pkgutil
import re
import sys
from datetime import UTC, datetime
from typing import Any

from config import env
from tests import drills

PAGE = env.ROOT / "docs" / "drills.md"
HEAD = (
    "# Drills\n\nThe last run of each full-size crash and load test (`bin/drill NAME`). "
    "The small forms run in `bin/test`.\n"
)


def main() -> int:
    names = [module.name for module in pkgutil.iter_modules(drills.__path__) if module.name != "__main__"]
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        print("Drills:", ", ".join(names))
        return 2
    name = sys.argv[1]
    figures = importlib.import_module(f"tests.drills.{name}").run(sys.argv[2:])
    section = written(name, sys.argv[2:], figures)
    print(section)
    keep(name, section)
    return 0


def written(name: str, arguments: list[str], figures: dict[str, Any]) -> str:
    """The section of one drill: when, with which arguments, and a table of its figures."""
    rows = "\n".join(f"| {what} | {value} |" for what, value in figures.items())
    day = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    command = " ".join(["bin/drill", name, *arguments])
    return f"## {name}\n\n{day}, `{command}`\n\n| figure | value |\n|---|---|\n{rows}\n"


def keep(name: str, section: str) -> None:
    """Replace the drill's section in docs/drills.md, or add it at the end."""
    PAGE.parent.mkdir(exist_ok=True)
    text = PAGE.read_text() if PAGE.exists() else HEAD
    pattern = re.compile(rf"^## {re.escape(name)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if pattern.search(text):
        text = pattern.sub(lambda _: section + "\n", text)
    else:
        text = text.rstrip() + "\n\n" + section
    PAGE.write_text(text.rstrip() + "\n")


if __name__ == "__main__":
    sys.exit(main())
