"""Whether the map of what an answer rests on is worth anything: removal, addition, and a game whose truth is known.

    python -m benchmarks.why data/clothing/model --photos DIR --sample data/textiles/model

Deletion and insertion (Petsiuk et al., 2018, https://arxiv.org/abs/1806.07421): places of a photo are blurred, the most
important ones first, or come back into a blurred photo; the area under the probability of the likeliest class is low,
or high, where a map is right. Beside the map stand random ones, an edge detector, and the map of the same network with
shuffled weights (Adebayo et al., 2018, https://arxiv.org/abs/1810.03292).

Pointing: the model of the sample sees one pattern left and another one right; the map of each of the two classes has to
be strongest in its own half.

--shapley N compares the maps of N photos with Shapley values of the places, estimated by random orders (Strumbelj and
Kononenko, 2014), by their rank correlation.
"""

import argparse
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from onnxruntime import InferenceSession
from PIL import Image, ImageFilter
from scipy.ndimage import sobel
from scipy.stats import binomtest, spearmanr

from recognizer.images.decode import read_picture
from recognizer.images.pixels import squish
from recognizer.networks.onnx_session import open_session
from recognizer.sample.cloth import photograph
from recognizer.sample.patterns import PATTERNS
from recognizer.serve.classifier import Classifier

Map = npt.NDArray[np.floating]
STEPS = 9  # in which all places go, or come
BLUR = 12  # pixels, the radius
ORDERS = 16  # of places, for each Shapley value
PAIRS = 100


def main() -> None:
    arguments = _arguments()
    photos = sorted(path for path in arguments.photos.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    rng = np.random.default_rng(0)
    chosen = [photos[at] for at in rng.choice(len(photos), min(arguments.number, len(photos)), replace=False)]
    model = Classifier(arguments.model)
    pixels = [squish(read_picture(file.read_bytes()), model.facts["preprocessing"]["size"]) for file in chosen]
    _print_areas(arguments.model, pixels, rng)
    if arguments.sample:
        _print_pointing(Classifier(arguments.sample), rng)
    if arguments.shapley:
        _print_shapley(open_session(arguments.model / "model.onnx"), pixels[: arguments.shapley], rng)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("--photos", type=Path, required=True, help="photos that it has not learned from")
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--sample", type=Path, help="the model folder of the recipe textiles")
    parser.add_argument("--shapley", type=int, default=0, metavar="N")
    return parser.parse_args()


def _print_areas(model: Path, photos: Sequence[npt.NDArray[np.uint8]], rng: np.random.Generator) -> None:
    session, shuffled = open_session(model / "model.onnx"), open_session(_shuffled(model / "model.onnx", rng))
    side = _evidence(session, _scaled(photos[0])).shape[-1]
    ways: dict[str, Callable[[Map, int], Map]] = {
        "evidence": lambda pixels, likeliest: _relative(session, pixels, likeliest),
        "random": lambda pixels, likeliest: rng.random((side, side)),
        "edges": lambda pixels, likeliest: _edges(pixels, side),
        "shuffled weights": lambda pixels, likeliest: _relative(shuffled, pixels, likeliest),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for photo in photos:
        pixels, blurred = _scaled(photo), _blurred(photo)
        likeliest = int(session.run(["probabilities"], {"pixels": pixels[None]})[0].argmax())
        for name, way in ways.items():
            order = np.argsort(-way(pixels, likeliest), axis=None)
            found[name].append(_areas(session, pixels, blurred, order, side, likeliest))
    for name, rows in found.items():
        deletion, insertion = np.mean(rows, axis=0)
        better = [np.mean([a[at] * sign > b[at] * sign for a, b in zip(found["evidence"], rows, strict=True)])
                  for at, sign in ((0, -1), (1, 1))]  # fmt: skip
        beside = "" if name == "evidence" else f"; the evidence is better for {better[0]:.0%} and {better[1]:.0%}"
        print(f"{name}: deletion {deletion:.3f} (low is good), insertion {insertion:.3f}, {len(rows)} photos{beside}")


def _areas(
    session: InferenceSession, pixels: Map, blurred: Map, order: npt.NDArray[np.int_], side: int, likeliest: int
) -> tuple[float, float]:
    """Return the means of the probability while places go, and while they come."""
    steps = np.array_split(order, STEPS)
    masks = [np.isin(np.arange(side**2), np.concatenate([np.array([-1]), *steps[:done]])) for done in range(STEPS + 1)]
    gone = np.stack([_spread(mask.reshape(side, side), pixels.shape[-1]) for mask in masks])[:, None]
    given = [np.where(gone, blurred, pixels), np.where(gone, pixels, blurred)]
    deletion, insertion = (_probability(session, rows, likeliest).mean() for rows in given)
    return float(deletion), float(insertion)


def _probability(session: InferenceSession, rows: Map, likeliest: int) -> Map:
    given: Map = session.run(["probabilities"], {"pixels": rows.astype(np.float32)})[0][:, likeliest]
    return given


def _evidence(session: InferenceSession, pixels: Map) -> Map:
    given: Map = session.run(["evidence"], {"pixels": pixels[None]})[0][0]
    return given


def _relative(session: InferenceSession, pixels: Map, number: int) -> Map:
    evidence = _evidence(session, pixels)
    relative: Map = evidence[number] - evidence.mean(axis=0)
    return relative


def _edges(pixels: Map, side: int) -> Map:
    """Return how much edge there is at each place."""
    grey = pixels.mean(axis=0)
    strength = np.hypot(sobel(grey, 0), sobel(grey, 1))
    return np.asarray(Image.fromarray(strength.astype(np.float32)).resize((side, side), Image.Resampling.BOX))


def _scaled(photo: npt.NDArray[np.uint8]) -> Map:
    return photo.astype(np.float32) / 255


def _blurred(photo: npt.NDArray[np.uint8]) -> Map:
    image = Image.fromarray(photo.transpose(1, 2, 0)).filter(ImageFilter.GaussianBlur(BLUR))
    return _scaled(np.asarray(image).transpose(2, 0, 1))


def _spread(mask: npt.NDArray[np.bool_], size: int) -> npt.NDArray[np.bool_]:
    return np.asarray(Image.fromarray(mask).resize((size, size), Image.Resampling.NEAREST))


def _shuffled(file: Path, rng: np.random.Generator) -> bytes:
    """Return a network with the weights of each of its layers in random order."""
    network = onnx.load(file)
    for tensor in network.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim > 1:
            mixed = rng.permutation(values.reshape(-1)).reshape(values.shape)
            tensor.CopyFrom(numpy_helper.from_array(mixed, tensor.name))
    data: bytes = network.SerializeToString()
    return data


def _print_pointing(classifier: Classifier, rng: np.random.Generator) -> None:
    """Play the pointing game on pairs of patterns, and say how often the map points into the right half."""
    names, words = classifier.classes, list(PATTERNS)
    right = 0
    for _ in range(PAIRS):
        left, other = rng.choice(len(words), 2, replace=False)
        picture = _side_by_side(*(photograph(words[at], rng) for at in (left, other)))
        explanation = classifier.explain(_file(picture))
        maps = np.stack([explanation.evidence[name] for name in names])
        relative = maps - maps.mean(axis=0)
        right += _points_left(relative[_number(names, words[left])])
        right += not _points_left(relative[_number(names, words[other])])
    interval = binomtest(right, 2 * PAIRS).proportion_ci(method="wilson")
    print(
        f"pointing: {right} of {2 * PAIRS} in the right half ({right / PAIRS / 2:.0%}; 95 % interval "
        f"{interval.low:.0%} to {interval.high:.0%})"
    )


def _number(names: Sequence[str], word: str) -> int:
    return [name.lower().replace(" ", "") for name in names].index(word)


def _points_left(grid: Map) -> bool:
    """Tell whether the strongest column lies in the left half."""
    columns = grid.clip(0).sum(axis=0)
    half = len(columns) // 2
    return bool(columns[:half].sum() > columns[-half:].sum())


def _side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    """Return the left half of one picture and the right half of another."""
    size = 400
    both = left.resize((size, size))
    both.paste(right.resize((size, size)).crop((size // 2, 0, size, size)), (size // 2, 0))
    return both


def _file(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _print_shapley(
    session: InferenceSession, photos: Sequence[npt.NDArray[np.uint8]], rng: np.random.Generator
) -> None:
    correlations = []
    for photo in photos:
        pixels, blurred = _scaled(photo), _blurred(photo)
        likeliest = int(session.run(["probabilities"], {"pixels": pixels[None]})[0].argmax())
        grid = _relative(session, pixels, likeliest)
        values = _shapley(session, pixels, blurred, grid.shape[-1], likeliest, rng)
        correlations.append(spearmanr(grid, values, axis=None).statistic)
    print(f"rank correlation with Shapley values: {np.mean(correlations):.2f} in the mean of {len(photos)} photos")


def _shapley(session: InferenceSession, pixels: Map, blurred: Map, side: int, likeliest: int, rng: Any) -> Map:
    """Return what each place adds to the log probability in the mean of random orders in which places come."""
    added = np.zeros(side**2)
    for _ in range(ORDERS):
        order = rng.permutation(side**2)
        masks = [np.isin(np.arange(side**2), order[:done]).reshape(side, side) for done in range(side**2 + 1)]
        shown = (np.where(_spread(mask, pixels.shape[-1]), pixels, blurred)[None] for mask in masks)
        given = np.log([float(_probability(session, rows, likeliest)[0]) for rows in shown])
        added[order] += np.diff(given) / ORDERS
    return added.reshape(side, side)


if __name__ == "__main__":
    main()
