"""What a network with several outputs loses: the sum over its outputs, each by its own scale, without missing values.

    losses = Losses(truths)
    known = known_values(truths)            # (n, outputs), NaN where a value is missing
    losses(logits, known)                   # the mean of all photos, for training
    losses.of_photos(logits, known)         # (n,)

Classes lose by their log-likelihood, numbers by their absolute error; 1 is what the constant guess loses.
"""

import recognizer.networks.torchvision_cure  # noqa: F401

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from recognizer.splits.values import MISSING
from recognizer.train.outputs_head import Truth

TEMPERATURES = tuple(np.geomspace(0.5, 4, 10).tolist())  # of a network that learned step by step, to choose from


class _Part(NamedTuple):
    """One output: its slice of the logits, the centres of its bins if it is a number, and what the guess loses."""

    place: slice
    centres: list[float]
    scale: float

    def of(self, logits: Tensor, known: Tensor) -> Tensor:
        """Return what each photo loses, (n,); 0 where the value is missing."""
        there = ~known.isnan()
        rows, values = logits[:, self.place], known.nan_to_num()
        if self.centres:
            found = rows.softmax(dim=1) @ torch.tensor(self.centres).to(rows)
            lost = (found - values).abs()
        else:
            lost = cross_entropy(rows, values.long(), reduction="none")
        return lost * there / self.scale


class Losses:
    """The sum of what all outputs lose.

    Args:
        truths: of each output, in the recipe's order.
    """

    def __init__(self, truths: Sequence[Truth]) -> None:
        ends = np.cumsum([truth.target.width for truth in truths]).tolist()
        self.parts = [
            _Part(slice(end - truth.target.width, end), list(truth.target.centres), truth.guess())
            for truth, end in zip(truths, ends, strict=True)
        ]

    def __call__(self, logits: Tensor, known: Tensor) -> Tensor:
        """Return the mean of all photos; (n, total) and (n, outputs) to ()."""
        return self.of_photos(logits, known).mean()

    def of_photos(self, logits: Tensor, known: Tensor) -> Tensor:
        """Return what each photo loses, (n,)."""
        return torch.stack([part.of(logits, known[:, place]) for place, part in enumerate(self.parts)]).sum(dim=0)

    def guess(self, known: Tensor) -> float:
        """Return what the constant guess loses, the mean of all photos: 1 for each value that is known."""
        return float((~known.isnan()).sum()) / len(known)

    def right(self, logits: Tensor, known: Tensor) -> Tensor:
        """Return which share of the known values of classes is the likeliest; of numbers, lies in the likeliest bin."""
        hits = []
        for place, part in enumerate(self.parts):
            values = known[:, place]
            centres = torch.tensor(part.centres).to(values)
            numbers = (values[:, None] - centres).abs().argmin(dim=1) if part.centres else values
            hits.append((logits[:, part.place].argmax(dim=1) == numbers)[~values.isnan()])
        return torch.cat(hits).float().mean()

    def temperatures(self, logits: Tensor, known: Tensor) -> list[float]:
        """Return by which temperature each output loses least."""
        logits = logits.detach()
        return [
            min(TEMPERATURES, key=lambda one: float(part.of(logits / one, known[:, place]).sum()))
            for place, part in enumerate(self.parts)
        ]

    def divisors(self, temperatures: Sequence[float]) -> Tensor:
        """Return what each logit is to be divided by, (total,)."""
        widths = [part.place.stop - part.place.start for part in self.parts]
        return torch.tensor(temperatures, dtype=torch.float64).repeat_interleave(torch.tensor(widths))


def known_values(truths: Sequence[Truth]) -> npt.NDArray[np.float32]:
    """Return each photo's class numbers and amounts, (n, outputs), NaN where one is missing."""
    columns = [
        truth.amounts if truth.target.centres else np.where(truth.numbers == MISSING, np.nan, truth.numbers)
        for truth in truths
    ]
    return np.stack(columns, axis=1).astype(np.float32)
