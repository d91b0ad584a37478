"""Full disks: a table of the running product on a small disk of its own, which can be filled and emptied."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.flows.correspondence import Correspondence
from tests.flows.faults import Fault
from tests.flows.product import Product, await_that


def why_not() -> str:
    """Why no disk can be made here, or ""."""
    if os.geteuid() != 0:
        return "not root, so that no small disk can be mounted"
    if shutil.which("mount") is None:
        return "there is no mount"
    return ""


class NoDisk(Exception):
    """The system refuses to mount one; the text says why."""


class Disk:
    """A small disk that holds one table of the bundled database."""

    def __init__(self, product: Product, folder: Path, table: str) -> None:
        self.product, self.folder, self.table = product, folder, table
        self._ballast = folder / "ballast"

    def move_table(self) -> None:
        place = self.folder / "table"
        place.mkdir(mode=0o700)
        if (account := self.product.servers.account) is not None:
            os.chown(place, account.pw_uid, account.pw_gid)
        self.product.run_sql(f"create tablespace small_{self.table} location '{place}'")
        self.product.run_sql(f"alter table {self.table} set tablespace small_{self.table}")

    def fill(self) -> None:
        """Take all the room that is left."""
        with self._ballast.open("ab", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(4096))

    def empty(self) -> None:
        self._ballast.unlink(missing_ok=True)


def full(disk: Disk, sender: Correspondence) -> Fault:
    """The disk is full until somebody felt it; `sender` (with permits) sends mail with files meanwhile."""

    def complaints() -> int:
        log = disk.product.data_dir / "logs" / "postgres.log"
        return log.read_text(errors="replace").count("No space left on device")

    def fault(product: Product) -> None:
        assert sender.permits is not None
        before = complaints()
        disk.fill()
        try:
            sender.permits.release()
            await_that(lambda: complaints() > before, 60, f"{disk.table} feels that its disk is full")
        finally:
            disk.empty()

    fault.__name__ = f"disk full for {disk.table}"
    return fault


@contextmanager
def small_disk(product: Product, folder: Path, table: str, size: int) -> Iterator[Disk]:
    """A disk of `size` bytes in memory, mounted at `folder`, to which the table has moved.

    The product must have stopped before the end of the block. Raises `NoDisk`.
    """
    if reason := why_not():
        raise NoDisk(reason)
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        raise NoDisk(made.stderr.strip())
    try:
        disk = Disk(product, folder, table)
        disk.move_table()
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)
