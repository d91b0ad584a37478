"""What the web server runs: the pages (synchronous, in threads) behind a front that answers /live itself."""

from collections.abc import Iterator
from typing import IO, Any

from a2wsgi import WSGIMiddleware

from config.part import WEB_THREADS
from config.wsgi import application as pages
from helpdesk.garbage import look_seldom
from helpdesk.live.front import Front

BLOCK = 256 * 1024  # bytes


class Blocks:
    """A file in large pieces (PEP 3333, `wsgi.file_wrapper`): each costs a way through the front."""

    def __init__(self, file: IO[bytes], _size: int = 0) -> None:
        self.file = file

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(BLOCK), b"")

    def close(self) -> None:
        self.file.close()


def _pages(environ: Any, start_response: Any) -> Any:
    environ["wsgi.file_wrapper"] = Blocks
    return pages(environ, start_response)


# Without a limit for what is ready to be sent: a slow or vanished reader holds no thread.
threads: Any = WSGIMiddleware(_pages, workers=WEB_THREADS, send_queue_size=0)
application = Front(threads)
look_seldom()
