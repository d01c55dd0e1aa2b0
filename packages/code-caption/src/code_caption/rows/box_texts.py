"""How boxes are written in training rows: as the recipe writes them that the rows are mixed with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from box_space import Box, Fraction, Thousand, box_to_llava_text, box_to_qwen_text

from code_caption.code.canonical_form import box_to_steps, steps_to_fractions
from code_caption.code.frames import BOX_FRAMES, BoxFrame, frame_space
from code_caption.errors import SettingsError
from code_caption.scene import BoxFractions


@dataclass(frozen=True)
class BoxText:
    """The form and the frame of box texts.

    >>> BoxText().write((0.25, 0.25, 0.75, 0.75), (640, 480))
    '[0.25, 0.31, 0.75, 0.69]'
    >>> BoxText(frame="whole", step=0.05).write((0.25, 0.27, 0.74, 0.76), (640, 480))
    '[0.25, 0.25, 0.75, 0.75]'
    >>> BoxText("qwen").write((0.25, 0.25, 0.75, 0.75), (640, 480))
    '{"bbox_2d": [250, 250, 750, 750]}'

    Raises:
        SettingsError: `form`, `frame`, `digits` or `step`.
    """

    form: Literal["llava", "qwen"] = "llava"
    """Fractions in brackets, or whole thousandths as JSON."""
    frame: BoxFrame | None = None
    """What numbers are shares of: the image padded to a square as in LLaVA-1.5's recipe, or the image itself.

    None: `padded` for the form `llava`, `whole` for `qwen`, as their authors have it."""
    digits: int = 2
    """Decimals of the form `llava`."""
    step: float | None = None
    """Round to multiples of this share, such as 0.05 for a model that knows few numbers; None: to the last decimal."""

    def __post_init__(self) -> None:
        if self.form not in ("llava", "qwen"):
            raise SettingsError("form", f"form must be llava or qwen; got {self.form!r}.")
        if self.frame is not None and self.frame not in BOX_FRAMES:
            raise SettingsError("frame", f"frame must be {', '.join(BOX_FRAMES)} or None; got {self.frame!r}.")
        if not 1 <= self.digits <= 4:
            raise SettingsError("digits", f"digits must be 1 to 4; got {self.digits!r}.")
        if self.step is not None and not self._is_exact(self.step):
            expected = f"a share that divides 1 and can be written in steps of {1 / self._finest:g}"
            raise SettingsError("step", f"step must be {expected}, such as 0.1; got {self.step!r}.")

    def write(self, box: BoxFractions, size_wh: tuple[int, int]) -> str:
        """The text of a box.

        A side that rounding would empty becomes one step wide.

        Args:
            box: shares of the upright image, unpadded, as a scene has them.
            size_wh: of that image, pixels.

        Raises:
            SettingsError: `size_wh` is not positive.
        """
        space = self._space(size_wh)
        in_frame = Box(*box, space=Fraction(space.original)).to(Fraction(space.of))
        steps = self._finest if self.step is None else round(1 / self.step)
        x0, y0, x1, y1 = steps_to_fractions(box_to_steps(in_frame.xyxy, steps), steps)
        snapped = Box(x0, y0, x1, y1, Fraction(space.of)).to(space)
        return box_to_qwen_text(snapped) if self.form == "qwen" else box_to_llava_text(snapped, digits=self.digits)

    def to_pixels(self, numbers: tuple[float, float, float, float], size_wh: tuple[int, int]) -> Box:
        """The box of the numbers in a text of this form: in pixels of the image, what lies beyond it cut off.

        Args:
            numbers: as they are written: fractions, or thousandths of the form `qwen`.
            size_wh: of the upright image, pixels.

        Raises:
            SettingsError: `size_wh` is not positive.
            box_space.BoxError: the numbers are no box.

        >>> BoxText().to_pixels((0.0, 0.0, 0.5, 0.5), (200, 100)).xyxy  # a quarter of the square lies above the image
        (0.0, 0.0, 100.0, 50.0)
        """
        space = self._space(size_wh)
        return Box(*numbers, space=space).to(space.original).clipped()

    @property
    def whole(self) -> int:
        """The number that stands for the far edge: 1, or 1000 of the form `qwen`."""
        return 1000 if self.form == "qwen" else 1

    @property
    def _finest(self) -> int:
        return 1000 if self.form == "qwen" else 10**self.digits

    def _is_exact(self, step: float) -> bool:
        """Whether multiples of the step reach 1 and are written without further rounding."""
        if not 0 < step <= 1:
            return False
        steps = round(1 / step)
        return abs(1 / step - steps) < 1e-6 and self._finest % steps == 0

    def _space(self, size_wh: tuple[int, int]) -> Fraction | Thousand:
        of = frame_space(size_wh, self.frame or ("padded" if self.form == "llava" else "whole"))
        return Thousand(of) if self.form == "qwen" else Fraction(of)
