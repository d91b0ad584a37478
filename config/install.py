"""Makes `.venv` from a lock file. Runs on a bare machine: the standard library alone, any Python 3.

Usage: python3 config/install.py LOCKFILE
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)


def main() -> None:
    if sys.version_info < OLDEST:
        _give_up("Python 3.11 or newer is needed; this is {}.{}.".format(*sys.version_info[:2]))
    lock = ROOT / sys.argv[1]
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    with (ROOT / ".venv.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two first starts at once: the second one waits here
        done = VENV / f".installed-{lock.stem}"
        if PYTHON.exists() and done.exists() and done.read_text() == wanted:
            return
        _make_venv()
        _install(lock)
        done.write_text(wanted)


def _make_venv() -> None:
    if (
        PYTHON.exists()
        and subprocess.run([PYTHON, "-m", "pip", "--version"], stdout=subprocess.DEVNULL).returncode == 0
    ):
        return
    _say("Making a virtual environment in .venv …")
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if done.returncode:
        _give_up(
            f"{(done.stdout + done.stderr).strip()}\nThis Python cannot make virtual environments. On Debian "
            "and Ubuntu install the package python3-venv (apt install python3-venv), then start again."
        )


def _install(lock: Path) -> None:
    total = sum("==" in line and "platform" not in line for line in lock.read_text().splitlines())
    _say(f"Installing some {total} packages into .venv (once; it takes a minute or two) …")
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--requirement", str(lock)]
    pip = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    assert pip.stdout is not None
    seen, output = 0, []
    for line in pip.stdout:
        output.append(line)
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            seen += 1
            name = line.removeprefix("Collecting ").removeprefix("Requirement already satisfied: ").split()[0]
            _say(f"  {min(seen, total):>3} of {total}  {name}", repaint=True)
        elif line.startswith("Installing collected packages"):
            _say("  putting them in place …", repaint=True)
    if pip.wait():
        _give_up("".join(output[-15:]) + "The packages could not be installed; is the network reachable?")
    _say("Installed.", repaint=True)
    if sys.stdout.isatty():
        print()


def _say(text: str, *, repaint: bool = False) -> None:
    """Print a line; on a terminal, `repaint` writes over the line before instead of scrolling."""
    if repaint and sys.stdout.isatty():
        print(f"\r\x1b[K{text}", end="", flush=True)
    else:
        print(text, flush=True)


def _give_up(text: str) -> None:
    print(text, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    os.chdir(ROOT)
    main()
