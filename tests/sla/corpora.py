"""The truth tables of other projects, read where they lie beside the repository."""

import json
from pathlib import Path

CORPORA = Path(__file__).resolve().parents[2] / ".." / "shared" / "corpora"


def cases(name):
    """The cases of a corpus; empty where it is absent, so that what is parametrised with them is skipped."""
    path = CORPORA / name / "cases.json"
    return json.loads(path.read_text()) if path.exists() else []
