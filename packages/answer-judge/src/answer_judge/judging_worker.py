"""The child's side of `DeadlineLadder`: makes a ladder and judges one pair at a time.

    python -m answer_judge.judging_worker FILE_DESCRIPTOR ORPHAN_SECONDS

The descriptor is one end of a socket pair of the parent's. In: the pickled factory, then the arguments of
`Ladder.judge` as a JSON list.
Out: `{}` when the ladder is made, then `{"verdict": [...]}` or `{"error": "..."}` for each pair.
"""

from __future__ import annotations

import json
import pickle
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from answer_judge.ladder import Ladder


def main(descriptor: int, orphan_s: float) -> None:
    """Judge until the parent hangs up.

    The alarm's default action ends the process even inside C code that holds the interpreter, so a hung worker does
    not outlive a parent that could not kill it any more.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    parent: Connection[Any, Any] = Connection(descriptor)
    ladder: list[Ladder] = []

    def start(request: bytes) -> dict[str, Any]:
        # Sent by our own parent through a private socket: no bytes from elsewhere are ever unpickled.
        make_ladder: Callable[[], Ladder] = pickle.loads(request)
        ladder.append(make_ladder())
        return {}

    def judge(request: bytes) -> dict[str, Any]:
        verdict = ladder[0].judge(*json.loads(request))
        fields = bool(verdict.accepted), str(verdict.rung), float(verdict.score), str(verdict.reason)
        return {"verdict": fields}

    try:
        _answer(parent, start, orphan_s)
        while ladder:
            _answer(parent, judge, orphan_s)
    except (EOFError, ConnectionError):
        return


def _answer(parent: Connection[Any, Any], work: Callable[[bytes], dict[str, Any]], orphan_s: float) -> None:
    request = parent.recv_bytes()
    signal.setitimer(signal.ITIMER_REAL, orphan_s)
    try:
        reply = work(request)
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {error}"}
    signal.setitimer(signal.ITIMER_REAL, 0)
    parent.send_bytes(json.dumps(reply).encode())


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
