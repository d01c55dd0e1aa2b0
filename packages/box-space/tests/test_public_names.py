import subprocess
import sys

import box_space

PUBLIC = [
    "FORMATS",
    "MAX_PIXELS",
    "Box",
    "BoxError",
    "BoxSpaceError",
    "BoxTextError",
    "Boxes",
    "Fraction",
    "ImageError",
    "NumberGroup",
    "OriginalPixels",
    "PatchGrid",
    "PixelSpace",
    "PixelWindow",
    "ResizedPixels",
    "Space",
    "SquarePadded",
    "Thousand",
    "box_to_llava_text",
    "box_to_qwen_text",
    "box_to_tag_text",
    "clean_image",
    "crop",
    "image_stamp",
    "iou",
    "llava_space",
    "llava_text_to_box",
    "number_groups",
    "open_image",
    "pixel_window",
    "qwen_space",
    "qwen_text_to_box",
    "tag_text_to_box",
    "xywh_to_xyxy",
    "xyxy_to_xywh",
]


def test_public_names_are_pinned():
    assert sorted(box_space.__all__) == sorted(PUBLIC)
    assert all(hasattr(box_space, name) for name in box_space.__all__)


def test_import_is_light():
    script = "import sys, box_space; print({'torch', 'transformers', 'cv2'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "set()\n"
    )
