"""Blurs the faces in a picture so far that nobody can be told; skin, hair and light around them stay.

As Yang et al. (2022, “A study of face obfuscation in ImageNet”, https://arxiv.org/abs/2103.06191) did with a tenth of
a face's size, but far stronger: next to one colour is left of each face.
"""

from PIL import Image, ImageDraw, ImageFilter

from recognizer.faces.detector import Boxes

WIDER = 1.3  # than the box of a face: boxes end at chin and forehead
STRENGTH = 0.4  # standard deviation of the blur, as a share of the longer side of a box


def blur_faces(image: Image.Image, boxes: Boxes) -> Image.Image:
    """Return a copy of a picture whose faces are blurred, each within an ellipse around its box.

    Args:
        image: RGB.
        boxes: of the faces: left, top, right and bottom in pixels, and a score, (faces, 5).
    """
    covered = image.copy()
    for left, top, right, bottom, _ in boxes.tolist():
        width, height = (right - left) * WIDER, (bottom - top) * WIDER
        across, down = (left + right - width) / 2, (top + bottom - height) / 2
        _blur(covered, (round(across), round(down), round(across + width) + 1, round(down + height) + 1))
    return covered


def _blur(image: Image.Image, place: tuple[int, int, int, int]) -> None:
    """Blur the ellipse in a place of a picture, which may lie over its edges."""
    left, top, right, bottom = place
    ellipse = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(ellipse).ellipse((0, 0, right - left - 1, bottom - top - 1), fill=255)
    inside = (max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height))
    mask = ellipse.crop((inside[0] - left, inside[1] - top, inside[2] - left, inside[3] - top))
    blur = ImageFilter.GaussianBlur(STRENGTH * max(ellipse.size) / WIDER)
    image.paste(image.crop(inside).filter(blur), inside[:2], mask)
