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


def relative_evidence(explanation: Explanation) -> npt.NDArray[np.float32]:
    """Return what speaks for the likeliest class rather than for the classes on average, (h, w).

    What is added to all logits alike changes no probability.
    """
    all_maps = np.stack(list(explanation.evidence.values()))
    likeliest = next(iter(explanation.prediction.probabilities))
    relative: npt.NDArray[np.float32] = explanation.evidence[likeliest] - all_maps.mean(axis=0)
    return relative


def draw_evidence(explanation: Explanation) -> Image.Image:
    """Return the photo, grey, with the evidence for its likeliest class in colour."""
    picture = explanation.picture.copy()
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
    relative = relative_evidence(explanation)
    strength = relative / max(float(np.abs(relative).max()), 1e-12)
    smooth = np.asarray(Image.fromarray(strength).resize(picture.size, Image.Resampling.BICUBIC))
    colours = np.where(smooth[..., None] > 0, FOR, AGAINST)
    cover = STRONGEST * np.abs(smooth)[..., None].clip(0, 1)
    grey = np.asarray(picture.convert("L").convert("RGB"))
    return Image.fromarray((grey * (1 - cover) + colours * cover).astype(np.uint8))
