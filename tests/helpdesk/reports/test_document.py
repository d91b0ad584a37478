"""The document of the figures is the one that their definitions give."""

from pathlib import Path

from helpdesk.reports.document import markdown
from helpdesk.reports.metrics import DEFINITIONS

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"


def test_the_document_is_written_from_the_definitions():
    assert DOCUMENT.read_text(encoding="utf-8") == markdown(), "manage.py describe_metrics > docs/metrics.md"


def test_every_definition_says_what_it_asks_and_every_formula_its_source():
    text = markdown()
    for definition in DEFINITIONS.values():
        assert str(definition.question) in text
    for name in ("csat", "nps", "ces", "wilson", "adjusted_wald", "kaplan_meier"):
        assert "Source" in text.split(f"### `{name}`")[1].split("###")[0]
