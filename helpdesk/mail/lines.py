"""Lines of a mail's text that stand for something: quotes and rules. Pure."""

import re

RULE = re.compile(r"^\s{0,3}[_*]{10,}\s*$|^\s{0,3}[-=]{20,}\s*$")


def is_quote(line: str) -> bool:
    """Whether a line is marked as quoted."""
    return line.lstrip(" ").startswith(">")


def before_rule(lines: list[str], index: int) -> int:
    """The line of a rule that stands above a line, else the line itself."""
    above = index - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    if above >= 0 and (RULE.match(lines[above]) or re.fullmatch(r"\s*-{3,}\s*", lines[above])):
        return above
    return index
