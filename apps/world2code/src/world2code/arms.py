"""The method and what it is compared with: which rules filter, and in which form the model learns."""

from dataclasses import dataclass

RULES = ("all", "unfiltered", "existence", "counting", "reranking")
"""Every rule of the run; none; or one alone."""

SHAPES: dict[str, tuple[str, ...]] = {
    "code": ("code",),
    "caption": ("caption",),
    "qa": ("region", "grounding", "boxes", "count", "attribute", "text", "exist"),
}
"""One form of training rows at a time; questions and answers are several."""


@dataclass(frozen=True)
class Arm:
    """One way of making training data.

    >>> Arm.parse("existence-code")
    Arm(rules='existence', shape='code')
    >>> Arm.parse("unfiltered").name
    'unfiltered'
    """

    rules: str = "all"
    """One of `RULES`."""
    shape: str | None = None
    """One of `SHAPES`; None: the forms of the run."""

    @classmethod
    def parse(cls, name: str) -> "Arm":
        """Read `RULES` or `RULES-SHAPE`.

        Raises:
            ValueError: it is neither.
        """
        rules, _, shape = name.partition("-")
        if rules not in RULES or (shape and shape not in SHAPES) or name == "all":
            known = ", ".join(RULES[1:])
            raise ValueError(f"a control is one of {known}, or RULES-SHAPE with all or one of them, and a shape of "
                             f"{', '.join(SHAPES)}; got {name!r}.")  # fmt: skip
        return cls(rules, shape or None)

    @property
    def name(self) -> str:
        """As in `--controls`; `all` for the method itself."""
        return self.rules if self.shape is None else f"{self.rules}-{self.shape}"

    @property
    def is_method(self) -> bool:
        """Whether it is the method itself."""
        return self == METHOD

    def rendered(self, name: str) -> str:
        """Name of the step that all arms of these rules share.

        >>> Arm("existence", "code").rendered("render"), Arm("all", "qa").rendered("render")
        ('render-existence', 'render')
        """
        return Arm(self.rules).step(name)

    def step(self, name: str) -> str:
        """Name of this arm's step of a kind.

        >>> METHOD.step("train"), Arm("unfiltered").step("train")
        ('train', 'train-unfiltered')
        """
        return name if self.is_method else f"{name}-{self.name}"


METHOD = Arm()
