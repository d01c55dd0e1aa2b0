"""What the base model sees in each picture, in its own words: the stage `describe`."""

from itertools import chain

from shard_runner import Done, Dropped, Failed, Outcome, Row, Stage

from selfsynthx.datasets.filling import description_prompts
from selfsynthx.models import Ask, Said, ask_rows, load_sampler_of, model_identity, said_tokens
from selfsynthx.settings import ASKING, SynthSettings
from selfsynthx.sources import IMAGES

DESCRIBE = "describe"


def describe_stage(settings: SynthSettings) -> Stage:
    """Describe every picture, label untold; rows gain `descriptions`, those of the first prompt first.

    Every prompt is asked about every picture the same number of times.
    """
    prompts = description_prompts(settings.spec)
    names = (*ASKING, "descriptions", "description_temperature", "description_tokens")
    return Stage(
        name=DESCRIBE,
        make=lambda: _Describe(settings),
        config=settings.picked(*names) | {"prompts": list(prompts), "model": model_identity(settings)},
        inputs=(IMAGES,),
        batch_size=settings.images_per_batch,
    )


class _Describe:
    """Pictures to descriptions."""

    def __init__(self, settings: SynthSettings) -> None:
        self._settings = settings
        self._sampler = load_sampler_of(settings.needed_model(), settings)
        self._asks = [
            Ask(
                f"describe/{number}",
                prompt,
                n=settings.descriptions,
                temperature=settings.description_temperature,
                max_new_tokens=settings.description_tokens,
            )
            for number, prompt in enumerate(description_prompts(settings.spec))
        ]

    def __call__(self, rows: list[Row]) -> list[Outcome]:
        replies = ask_rows(self._sampler, rows, [self._asks] * len(rows), seed=self._settings.seed)
        return [_described(row, reply) for row, reply in zip(rows, replies, strict=True)]


def _described(row: Row, reply: list[list[Said]] | Failed) -> Outcome:
    if isinstance(reply, Failed):
        return reply
    texts = [said.text.strip() for said in chain.from_iterable(reply)]
    kept = [text for text in texts if text]
    tokens = said_tokens(reply)
    if not kept:
        return Dropped("no_description", "the model wrote nothing.", tokens)
    return Done([row | {"descriptions": kept}], tokens)
