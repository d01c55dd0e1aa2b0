"""A package index on this machine."""

import contextlib
import functools
import http.server
import shutil
import threading
from hashlib import sha256


@contextlib.contextmanager
def index_server(dist, folder):
    """The address of a package index on loopback with the files of a dist folder."""
    for path in dist.glob("*-*"):
        page = folder / "simple" / path.name.partition("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, page.parent / path.name)
        with page.open("a") as file:
            file.write(f'<a href="{path.name}#sha256={sha256(path.read_bytes()).hexdigest()}">{path.name}</a>\n')

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/simple"
        server.shutdown()
