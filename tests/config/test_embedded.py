"""The bundled servers themselves, without the product."""

import os
from pathlib import Path

from config.embedded import Servers


def test_both_bundled_servers_answer_during_a_test_session():
    servers = Servers(Path(os.environ["DATA_DIR"]))
    assert servers.postgres_answers()
    assert servers.valkey_answers()
