"""The forward pass gives what torch gives, and what is kept of it is computed once and never mixed up."""

import recognizer.networks.torchvision_cure  # noqa: F401

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from recognizer.images.pixels import square_pixels
from recognizer.networks.augmentation import augmented_views
from recognizer.networks.backbone import Backbone
from recognizer.networks.extractors import SIZE as CLEAN_SIZE
from recognizer.networks.extractors import clean_extractor, head_extractor, maps_extractor
from recognizer.networks.forward import BATCH, SAVED_AFTER, embed, extract, predict
from recognizer.networks.grid import make_embedder
from recognizer.networks.head import make_head
from recognizer.networks.stages import cut
from recognizer.recipe import TrainSettings
from tests.networks.networks import SIZE, draw_photo, random_backbone
from tests.paths import ROOT

SETTINGS = TrainSettings(backbone="resnet18", size=SIZE, epochs=0)


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return random_backbone("torchvision.resnet18")


def normalised(backbone: Backbone, pixels: np.ndarray) -> torch.Tensor:
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (backbone.mean, backbone.std))
    return (torch.from_numpy(pixels) / 255 - mean) / std


class Counted:
    """Counts the pictures that were computed."""

    def __init__(self) -> None:
        self.pictures: list[int] = []

    def __call__(self, what: str, done: int, total: int) -> None:
        assert what == "extracting features"
        self.pictures.append(total)

    @property
    def last(self) -> int:
        """How many were computed since this was asked last."""
        total = self.pictures[-1] if self.pictures else 0
        self.pictures.clear()
        return total


def test_feature_maps_of_all_views_are_those_of_torch(backbone: Backbone, tmp_path: Path) -> None:
    photos = [draw_photo(tmp_path, number) for number in range(3)]
    frozen, _ = cut(backbone.layers, 0.33, "resnet18")
    maps = extract(photos, maps_extractor(frozen, backbone, SETTINGS), tmp_path, views=3)["maps"]
    assert maps.shape[:2] == (3, 3) and maps.dtype == np.float16
    for photo, rows in zip(photos, maps, strict=True):
        with torch.inference_mode():
            expected = frozen.eval()(normalised(backbone, augmented_views(photo, SIZE, 3)))
        assert np.allclose(rows, expected, rtol=2e-3, atol=2e-3)


def test_predicting_gives_what_torch_gives(backbone: Backbone, tmp_path: Path) -> None:
    photos = [draw_photo(tmp_path, number) for number in range(BATCH + 3)]
    network = nn.Sequential(backbone.layers, make_head(backbone, SIZE, 5)).eval()
    outputs = predict(network, backbone, photos, SIZE)
    pixels = np.stack([square_pixels(photo.path, SIZE) for photo in photos])
    with torch.inference_mode():
        expected = network(normalised(backbone, pixels))
        embeddings = make_embedder(backbone, SIZE)(backbone.layers(normalised(backbone, pixels)))
    assert np.allclose(outputs.logits, expected, atol=1e-4) and outputs.logits.shape == (BATCH + 3, 5)
    assert np.allclose(embed(backbone, photos, SIZE), embeddings, rtol=2e-3, atol=1e-4)  # half precision
    assert np.allclose(outputs.probabilities.sum(axis=1), 1)


def test_what_is_kept_is_not_computed_again(backbone: Backbone, tmp_path: Path) -> None:
    photos = [draw_photo(tmp_path, number) for number in range(4)]
    extractor, counted = head_extractor(backbone, SETTINGS), Counted()
    first = extract(photos[:3], extractor, tmp_path, views=1, watch=counted)["embedding"]
    assert counted.last == 3
    both = extract(photos, extractor, tmp_path, views=2, watch=counted)["embedding"]
    assert counted.last == 5  # another photo, and another view of each
    assert (both[:3, :1] == first).all()
    again = extract(photos[::-1], extractor, tmp_path, views=2, watch=counted)["embedding"]
    assert counted.last == 0 and (again == both[::-1]).all()


def test_a_stop_loses_no_more_than_what_is_not_saved_yet(backbone: Backbone, tmp_path: Path) -> None:
    photo = draw_photo(tmp_path)
    views = SAVED_AFTER + 3 * BATCH

    def stop(what: str, done: int, total: int) -> None:
        if done > SAVED_AFTER + BATCH:
            raise KeyboardInterrupt

    extractor, counted = head_extractor(backbone, SETTINGS), Counted()
    with pytest.raises(KeyboardInterrupt):
        extract([photo], extractor, tmp_path, views, stop)
    extract([photo], extractor, tmp_path, views, counted)
    assert counted.last == views - SAVED_AFTER


def test_cleaning_and_training_share_one_pass_where_they_take_the_same_pictures(
    backbone: Backbone, tmp_path: Path
) -> None:
    photos, counted = [draw_photo(tmp_path, number) for number in range(2)], Counted()
    same = SETTINGS.model_copy(update={"size": CLEAN_SIZE})
    overall = extract(photos, clean_extractor(backbone, same), tmp_path, watch=counted)["overall"]
    assert counted.last == 2
    extract(photos, head_extractor(backbone, same), tmp_path, views=1, watch=counted)
    assert counted.last == 0
    other = extract(photos, clean_extractor(backbone, SETTINGS), tmp_path, watch=counted)["overall"]
    assert counted.last == 2 and np.allclose(other, overall, atol=1e-2)


MEASURE = """
import resource, sys
from pathlib import Path
from recognizer.networks.backbone import load_backbone
from recognizer.networks.extractors import SIZE, clean_extractor
from recognizer.networks.forward import BATCH, extract
from recognizer.recipe import TrainSettings
from tests.networks.networks import draw_photo

folder, settings = Path(sys.argv[1]), TrainSettings()
extractor = clean_extractor(load_backbone(settings.backbone, size=SIZE), settings)
photos = [draw_photo(folder, number) for number in range(2 * BATCH)]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
extract(photos, extractor, folder)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
def test_a_pass_over_the_photos_of_cleaning_takes_half_a_gigabyte_at_most(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 512


def test_the_key_names_all_that_changes_the_result(backbone: Backbone) -> None:
    frozen, _ = cut(backbone.layers, 0.33, "resnet18")
    other = random_backbone("torchvision.resnet18")
    with torch.no_grad():
        next(other.layers.parameters()).add_(1e-3)
    keys = [
        head_extractor(backbone, SETTINGS).key,
        head_extractor(other, SETTINGS).key,
        head_extractor(random_backbone("torchvision.resnet18", 3), SETTINGS.model_copy(update={"stages": 3})).key,
        head_extractor(backbone, SETTINGS.model_copy(update={"size": 96})).key,
        clean_extractor(backbone, SETTINGS).key,
        maps_extractor(frozen, backbone, SETTINGS).key,
    ]
    assert len(set(keys)) == len(keys)
    assert head_extractor(random_backbone("torchvision.resnet18"), SETTINGS).key == keys[0]
