import tempfile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from shard_runner import Dropped, Outcome, Row, Source, Stage, read_rows, row_seed, run, status


def work(rows: list[Row]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for row in rows:
        kind = row["kind"]
        if kind == "bad":
            raise RuntimeError("bad row")
        made = [{**row, "id": f"{row['id']}#{k}", "seed": row_seed(1, row["id"], str(k))} for k in range(3)]
        outcomes.append(Dropped("dull") if kind == "dull" else made[: len(kind)])
    return outcomes


kinds = st.lists(st.sampled_from(["", "a", "ab", "dull", "bad"]), max_size=14)


@given(kinds, st.integers(1, 6), st.integers(1, 5), st.integers(1, 6), st.integers(1, 5))
@settings(max_examples=8, deadline=None)
def test_rows_and_accounts_do_not_depend_on_shard_or_batch_size(
    names: list[str], shard_a: int, batch_a: int, shard_b: int, batch_b: int
) -> None:
    def result(shard_size: int, batch_size: int) -> tuple[Any, ...]:
        pipeline = [
            Source(name="source", rows=lambda: [{"id": str(i), "kind": kind} for i, kind in enumerate(names)]),
            Stage(name="work", make=lambda: work, batch_size=batch_size),
        ]
        with tempfile.TemporaryDirectory() as folder:
            run(pipeline, folder, seed=1, shard_size=shard_size, max_failed_share=1.0)
            account = status(folder)[1]
            counts = (account.rows_in, account.done, account.dropped, account.failed, account.rows_out)
            return list(read_rows(folder, "work")), counts

    assert result(shard_a, batch_a) == result(shard_b, batch_b)
