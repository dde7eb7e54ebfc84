"""Draws what an answer rests on over the photo: blue-green where it speaks for a class, orange where against.

Both colours can be told apart by people who confuse red and green (Okabe and Ito, 2008,
https://jfly.uni-koeln.de/color/).
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from recognizer.serve.classifier import Explanation

FOR, AGAINST = (0, 158, 115), (213, 94, 0)
STRONGEST = 0.75  # how much of the photo the strongest evidence covers
SIDE = 400  # pixels, of the longest side
Floats = npt.NDArray[np.float32]


def relative_evidence(explanation: Explanation) -> Floats:
    """Return what speaks for the likeliest class rather than for the classes on average, (h, w).

    What is added to all logits alike changes no probability.
    """
    likeliest = next(iter(explanation.prediction.probabilities))
    chosen = np.array([name == likeliest for name in explanation.evidence], np.float32)
    return rather(np.stack(list(explanation.evidence.values())), chosen)


def rather(maps: Floats, shares: npt.NDArray[np.floating]) -> Floats:
    """Return what speaks for some of several logits rather than for all of them on average, (h, w).

    Args:
        maps: what each place adds to each logit, (k, h, w).
        shares: how much each logit counts, (k,); they add up to 1.
    """
    return np.tensordot((shares - 1 / len(shares)).astype(np.float32), maps, axes=1)


def draw_evidence(explanation: Explanation) -> Image.Image:
    """Return the photo, grey, with the evidence for its likeliest class in colour."""
    return draw_map(explanation.picture, relative_evidence(explanation))


def draw_map(photo: Image.Image, relative: Floats) -> Image.Image:
    """Return a photo, grey, with what speaks for its answer in colour.

    Args:
        photo: the photo.
        relative: as `rather` returns it.
    """
    picture = photo.copy()
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    strength = relative / max(float(np.abs(relative).max()), 1e-12)
    smooth = np.asarray(Image.fromarray(strength).resize(picture.size, Image.Resampling.BICUBIC))
    colours = np.where(smooth[..., None] > 0, FOR, AGAINST)
    cover = STRONGEST * np.abs(smooth)[..., None].clip(0, 1)
    grey = np.asarray(picture.convert("L").convert("RGB"))
    return Image.fromarray((grey * (1 - cover) + colours * cover).astype(np.uint8))
