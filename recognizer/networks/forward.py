"""The forward pass of a network over photos: on a GPU through torch, on a processor through ONNX Runtime.

    features = extract(photos, clean_extractor(backbone, settings), work)      # frozen layers; kept in the work folder
    features["overall"]                                                        # (photos, views, channels), float16
    predict(network, backbone, photos, size).logits                            # a whole network; kept nowhere

On two cores ONNX Runtime takes about a third of torch's time for EfficientNet-Lite0 (docs/experiments.md).
"""

import recognizer.networks.torchvision_cure  # noqa: F401

import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from torch import Tensor, nn

from recognizer.images.pixels import Pixels, square_pixels
from recognizer.networks import device
from recognizer.networks.augmentation import augmented_views
from recognizer.networks.backbone import Backbone
from recognizer.networks.cache import FOLDER, Array, FeatureCache, Row
from recognizer.networks.extractors import Extractor
from recognizer.networks.grid import make_embedder
from recognizer.networks.onnx_session import open_session
from recognizer.report import Watch, unwatched
from recognizer.store.rows import Photo

BATCH = 16  # pictures that are read, and go to a GPU, at once
AT_ONCE = 4  # of them on a processor: more need twice the memory, and are no quicker
BY_ONNX = ("cpu", "mps")  # devices beside which ONNX Runtime on the processor does the forward pass
SAVED_AFTER = 512  # pictures; a stop loses no more
Pass = Callable[[Pixels], list[npt.NDArray[np.float32]]]


class Outputs(NamedTuple):
    """What a network makes of n photos.

    Args:
        logits: what its last layer gives, (n, classes).
    """

    logits: npt.NDArray[np.float64]

    @property
    def probabilities(self) -> npt.NDArray[np.float64]:
        """How likely each class is, (n, classes)."""
        return np.asarray(softmax(self.logits, axis=1))


def extract(
    photos: Sequence[Photo], extractor: Extractor, work: Path, views: int = 1, watch: Watch = unwatched
) -> dict[str, Array]:
    """Return what frozen layers make of augmented views of photos, computing only what is not kept yet.

    Args:
        photos: the photos, n of them, at least one.
        extractor: the layers, and what they give.
        work: the work folder, which keeps it.
        views: of each photo; the first is the photo itself.
        watch: told about pictures done.

    Returns:
        For each of the extractor's outputs an array, (n, views, …), float16.

    Raises:
        Unwritable: the disk is full, or the work folder may not be written.
    """
    rows = [(photo.sha256, view) for photo in photos for view in range(views)]
    arrays = filled_cache(rows, photos, extractor, work, watch).gather(rows, extractor.outputs)
    return {name: values.reshape(len(photos), views, *values.shape[1:]) for name, values in arrays.items()}


def filled_cache(
    rows: Sequence[Row], photos: Sequence[Photo], extractor: Extractor, work: Path, watch: Watch = unwatched
) -> FeatureCache:
    """Return the cache of some views, computing only what is not kept yet.

    Args:
        rows: sha256 of a photo and number of its view, n of them.
        photos: at least those.
        extractor: the layers, and what they give.
        work: the work folder, which keeps it.
        watch: told about pictures done.
    """
    cache = FeatureCache(work / FOLDER / extractor.key)
    missing = cache.missing(list(dict.fromkeys(rows)))
    if missing:
        _compute(missing, {photo.sha256: photo for photo in photos}, extractor, cache, watch)
    return cache


def _compute(
    rows: Sequence[Row], photos: dict[str, Photo], extractor: Extractor, cache: FeatureCache, watch: Watch
) -> None:
    run = make_pass(extractor.layers, extractor.backbone, extractor.size)
    pictures = _read_ahead(rows, lambda name, count: augmented_views(photos[name], extractor.size, count))
    done: list[list[Array]] = []
    saved = 0
    for number, (batch, pixels) in enumerate(pictures):
        done.append([values.astype(np.float16) for values in run(pixels)])
        count = number * BATCH + len(batch)
        watch("extracting features", count, len(rows))
        if count - saved >= SAVED_AFTER or count == len(rows):
            columns = (np.concatenate(parts) for parts in zip(*done, strict=True))
            cache.add(rows[saved:count], dict(zip(extractor.outputs, columns, strict=True)))
            done, saved = [], count


def predict(
    network: nn.Module, backbone: Backbone, photos: Sequence[Photo], size: int, watch: Watch = unwatched
) -> Outputs:
    """Return what a network makes of whole photos, at least one.

    Args:
        network: layers of a backbone, then a head (head.py).
        backbone: knows how pixels are normalised.
        photos: n of them.
        size: pixels, the side of the square that the network takes.
        watch: told about photos done.
    """
    done: list[Array] = []
    for logits in _whole_photos(network, backbone, photos, size):
        done.append(logits.astype(np.float64))
        watch("predicting", min(len(done) * BATCH, len(photos)), len(photos))
    return Outputs(np.concatenate(done))


def embed(backbone: Backbone, photos: Sequence[Photo], size: int) -> Array:
    """Return what a closed-form head takes of whole photos, at least one, (n, halved) (grid.py); it is kept nowhere.

    Args:
        backbone: the backbone.
        photos: n of them.
        size: pixels, the side of the square that it takes.

    Returns:
        float16.
    """
    layers = nn.Sequential(backbone.layers, make_embedder(backbone, size))
    return np.concatenate([rows.astype(np.float16) for rows in _whole_photos(layers, backbone, photos, size)])


def _whole_photos(layers: nn.Module, backbone: Backbone, photos: Sequence[Photo], size: int) -> Iterator[Array]:
    """Give what layers make of photos, some after the others."""
    run = make_pass(layers, backbone, size)
    rows = [(str(photo.path), 0) for photo in photos]
    for _, pixels in _read_ahead(rows, lambda path, _: square_pixels(Path(path), size)[None]):
        yield from run(pixels)


def _read_ahead(rows: Sequence[Row], read: Callable[[str, int], Pixels]) -> Iterator[tuple[Sequence[Row], Pixels]]:
    """Give batches of rows with their pixels, each photo decoded once, while the network runs on those before.

    Args:
        rows: those of one photo stand together.
        read: takes a photo's name and a number of augmented views, and returns so many, (views, 3, size, size).
    """

    def views(batch: Sequence[Row]) -> Pixels:
        photos = ((name, [view for _, view in group]) for name, group in groupby(batch, key=lambda row: row[0]))
        return np.concatenate([read(name, max(wanted) + 1)[wanted] for name, wanted in photos])

    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(views, batch) for batch in batches[:3]]
        for number, batch in enumerate(batches):
            pixels = waiting.pop(0).result()
            waiting += [pool.submit(views, later) for later in batches[number + 3 : number + 4]]
            yield batch, pixels


class _Normalised(nn.Module):
    """Layers with their normalisation before them."""

    mean: Tensor
    std: Tensor

    def __init__(self, layers: nn.Module, backbone: Backbone) -> None:
        super().__init__()
        self.layers = layers
        self.register_buffer("mean", torch.tensor(backbone.mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(backbone.std).view(3, 1, 1))

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        found = self.layers((pixels.float() / 255 - self.mean) / self.std)
        return found if isinstance(found, tuple) else (found,)


def make_pass(layers: nn.Module, backbone: Backbone, size: int) -> Pass:
    """Return a function from pixels, (n, 3, size, size), uint8, to what layers give, one array, (n, …), an output.

    Args:
        layers: take normalised pixels and give one tensor or several.
        backbone: knows how pixels are normalised.
        size: pixels, the side of the square that the layers take.
    """
    whole = _Normalised(layers, backbone).eval()
    chosen = device.chosen_device()
    # Whatever it was trained on: ONNX Runtime on the processor is what every machine has.
    return _on_processor(whole.cpu(), size) if chosen.type in BY_ONNX else _by_torch(whole.to(chosen), chosen)


def _by_torch(whole: nn.Module, chosen: torch.device) -> Pass:
    @torch.inference_mode()
    def run(pixels: Pixels) -> list[npt.NDArray[np.float32]]:
        return [values.float().cpu().numpy() for values in whole(torch.from_numpy(pixels).to(chosen))]

    return run


@torch.inference_mode()
def _on_processor(whole: nn.Module, size: int) -> Pass:
    file = io.BytesIO()
    pixels = torch.zeros(2, 3, size, size, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the other exporter takes ten times as long
        # Sizes of maps become fixed, which is meant.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        names = [f"output {number}" for number in range(len(whole(pixels)))]
        axes = {name: {0: "photos"} for name in ("pixels", *names)}
        how = {"input_names": ["pixels"], "output_names": names, "dynamic_axes": axes}
        torch.onnx.export(whole, (pixels,), file, dynamo=False, **how)  # type: ignore[arg-type]
    session = open_session(file.getvalue())

    def run(pixels: Pixels) -> list[npt.NDArray[np.float32]]:
        starts = range(0, len(pixels), AT_ONCE)
        parts = [session.run(None, {"pixels": pixels[start : start + AT_ONCE]}) for start in starts]
        return [np.concatenate(values) for values in zip(*parts, strict=True)]

    return run
