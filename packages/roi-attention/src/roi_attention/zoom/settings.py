"""The choices that training and inference must share, in one value."""

from __future__ import annotations

from dataclasses import dataclass, field

from box_space import Box
from PIL import Image

from roi_attention.errors import ZoomError
from roi_attention.zoom.box_forms import Form, form_space
from roi_attention.zoom.frames import Frame
from roi_attention.zoom.pictures import ZoomPictures, zoom_pictures
from roi_attention.zoom.where_texts import LEAST_SHARE, Where, read_where, where_text
from roi_attention.zoom.wording import Wording


@dataclass(frozen=True)
class ZoomSettings:
    """How a model is shown pictures and boxes.

    >>> from roi_attention.zoom.widening import whole_box
    >>> ZoomSettings(form="qwen", frame="whole").text(whole_box((640, 480)))
    '{"bbox_2d": [0, 0, 1000, 1000]}'

    Raises:
        ZoomError: `frame`, `form`, `digits`, `least_share` or `shortest_px` when one is out of range.
    """

    frame: Frame = "padded"
    """What is shown and what box texts are relative to (`model_frame`)."""
    form: Form = "llava"
    """Fractions or thousandths."""
    digits: int = 3
    """Decimals of form `llava`."""
    least_share: float = LEAST_SHARE
    """Least side of a box that a model wrote, in shares of the picture's shorter side."""
    shortest_px: int = 1
    """Least sides of a crop, pixels of the original, where it has them; for processors that refuse slivers."""
    wording: Wording = field(default_factory=Wording)
    """The texts of the turns."""

    def __post_init__(self) -> None:
        form_space((1, 1), self.frame, self.form)
        rules = {"digits": 1 <= self.digits <= 6, "least_share": 0 <= self.least_share <= 1}
        rules["shortest_px"] = self.shortest_px >= 1
        ranges = {"digits": "from 1 to 6", "least_share": "from 0 to 1", "shortest_px": "at least 1"}
        for name, holds in rules.items():
            if not holds:
                raise ZoomError(name, f"{name} must be {ranges[name]}; got {getattr(self, name)!r}.")

    def pictures(self, image: Image.Image, box: Box) -> ZoomPictures:
        """The picture as shown and the crop.

        Raises:
            box_space.BoxError: `outside_image` when the box does not touch the image, `other_image`.
        """
        return zoom_pictures(image, box, self.frame, shortest_px=self.shortest_px)

    def text(self, box: Box) -> str:
        """The canonical text of a box.

        Raises:
            box_space.BoxError: `outside_image`.
        """
        return where_text(box, self.frame, form=self.form, digits=self.digits)

    def read(self, text: str, size_wh: tuple[int, int]) -> Where:
        """The box of a model's words, for an original of this size."""
        return read_where(text, size_wh, self.frame, self.form, digits=self.digits, least_share=self.least_share)
