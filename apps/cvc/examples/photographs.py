"""Writes real photographs with captions and COCO boxes: `uv run python apps/cvc/examples/photographs.py photos`.

The photographs ship inside the wheels of scikit-image and scikit-learn; captions and boxes were made by hand.
"""

import json
import sys
from pathlib import Path

PHOTOGRAPHS = {
    "astronaut.png": (
        ["A smiling woman in an orange suit holds a helmet in front of a flag and a rocket.", "A flag behind a woman."],
        {"flag": [0, 0, 85, 512], "helmet": [277, 345, 509, 510], "rocket": [352, 2, 464, 286]},
    ),
    "coffee.png": (
        ["A cup of coffee and a spoon on a red plate.", "A red cup stands on a plate on a wooden table."],
        {"cup": [175, 16, 425, 310], "plate": [77, 74, 480, 387], "spoon": [320, 66, 422, 326]},
    ),
    "chelsea.png": (["A brown cat with green eyes looks to the right."], {"cat": [2, 2, 366, 298]}),
    "rocket.jpg": (
        ["Between tall towers there is a white rocket."],
        {"rocket": [306, 127, 338, 408], "tower": [2, 2, 88, 385]},
    ),
    "motorcycle_left.png": (["A red motorcycle is parked in a garage."], {"motorcycle": [81, 75, 684, 452]}),
    "china.jpg": (
        ["A tall house with green roofs, a lake behind it, and a tree."],
        {"house": [63, 30, 334, 422], "tree": [545, 137, 638, 425]},
    ),
    "flower.jpg": (["An orange flower in front of dark green leaves."], {"flower": [167, 88, 447, 360]}),
}


def photograph_path(name: str) -> Path:
    """Where a wheel keeps a photograph."""
    import skimage
    import sklearn

    folders = (Path(skimage.__file__).parent / "data", Path(sklearn.__file__).parent / "datasets" / "images")
    return next(folder / name for folder in folders if (folder / name).is_file())


def write_photographs(folder: Path) -> None:
    """Write `images/`, `captions.json` and `instances.json`."""
    from PIL import Image

    (folder / "images").mkdir(parents=True, exist_ok=True)
    captions = [{"image": name, "captions": texts} for name, (texts, _) in PHOTOGRAPHS.items()]
    kinds = sorted({kind for _, boxes in PHOTOGRAPHS.values() for kind in boxes})
    images, annotations = [], []
    for number, (name, (_, boxes)) in enumerate(PHOTOGRAPHS.items()):
        (folder / "images" / name).write_bytes(photograph_path(name).read_bytes())
        with Image.open(folder / "images" / name) as image:
            images.append({"id": number, "file_name": name, "width": image.width, "height": image.height})
        for kind, (x0, y0, x1, y1) in boxes.items():
            bbox = [x0, y0, x1 - x0, y1 - y0]
            annotation = {"id": len(annotations), "image_id": number, "category_id": kinds.index(kind), "bbox": bbox}
            annotations.append(annotation)
    categories = [{"id": number, "name": kind} for number, kind in enumerate(kinds)]
    instances = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "captions.json").write_text(json.dumps(captions, indent=1))
    (folder / "instances.json").write_text(json.dumps(instances, indent=1))


if __name__ == "__main__":
    write_photographs(Path(sys.argv[1]))
