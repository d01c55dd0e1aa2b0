"""Which instances to keep: one for each thing of an image, and so many of each image and of each kind of thing."""

from shard_runner import Dropped, Outcome, Row, Stage, StageFn

from cvc.settings import CvcSettings


def select_stage(settings: CvcSettings) -> Stage:
    """Keep one instance of each (image, lemma), the one of lowest perplexity, and no more than the caps allow.

    Its id is `IMAGE/LEMMA`.
    """

    def make() -> StageFn:
        from occlusion import cap_per_head, cap_per_image, deduplicate

        def select(rows: list[Row]) -> list[Outcome]:
            kept, why = deduplicate(rows), {row["id"]: "duplicate" for row in rows}
            caps = [(cap_per_image, settings.most_per_image, "over_image_cap")]
            caps += [(cap_per_head, settings.most_per_head, "over_head_cap")]
            for cap, most, reason in caps:
                if most is not None:
                    before, kept = kept, cap(kept, most)
                    why |= {row["id"]: reason for row in before}
            ids = {row["id"] for row in kept}
            return [_with_id(row) if row["id"] in ids else Dropped(why[row["id"]]) for row in rows]

        return select

    config = settings.picked("most_per_image", "most_per_head")
    return Stage(name="select", make=make, config=config, whole_input=True)


def _with_id(row: Row) -> Outcome:
    return [row | {"id": f"{row['image_id']}/{row['lemma']}"}]
