"""A vision transformer goes the whole way: its tokens are pooled, its pictures have the sizes that stages want."""

import recognizer.networks.torchvision_cure  # noqa: F401

import shutil
from pathlib import Path

import pytest
import timm
import torch

from recognizer.clean.clean import clean
from recognizer.evaluate.evaluate import evaluate
from recognizer.export.export import export
from recognizer.recipe import Recipe
from recognizer.store.photo_store import PhotoStore
from recognizer.train.train import train

NAME = "vit_tiny_patch16_224"


@pytest.mark.slow
def test_a_vision_transformer_goes_the_whole_way(recipe: Recipe, filled: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.save(timm.create_model(NAME).state_dict(), tmp_path / "vit.pth")
    settings = {"backbone": NAME, "weights": str(tmp_path / "vit.pth"), "epochs": 0, "size": 96}
    tokens = recipe.model_copy(update={"train": recipe.train.model_copy(update=settings)})
    with PhotoStore(Path(shutil.copytree(filled, tmp_path / "work")), tokens.labels) as store:
        assert clean(tokens, store)["counts"]["photos"]
        train(tokens, store)
        assert evaluate(tokens, store)["accuracy"] > 1 / len(tokens.labels)
        assert export(tokens, store)["agreement"]["same_answer"] == 1
