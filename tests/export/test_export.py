"""What export writes: the forms of the network, how far they agree, and the card."""

import json
import math
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file, save_file

from recognizer.errors import RecognizerError
from recognizer.evaluate.evaluate import evaluate
from recognizer.export.agreement import compare, measure_agreement
from recognizer.export.export import export, published
from recognizer.export.model_card import write_card
from recognizer.export.onnx_forms import Answers, onnx_pixels, run_onnx
from recognizer.networks.onnx_session import open_session
from recognizer.recipe import CollectSettings, Recipe, TrainSettings
from recognizer.serve.classifier import Classifier, read_facts
from recognizer.splits.split import split_kept
from recognizer.store.photo_store import PhotoStore
from recognizer.store.rows import BlindAnswer, Decision
from tests.conftest import Built

FORMS = {"model.onnx", "model.fp16.onnx", "model.safetensors"}


def test_every_form_is_compared_on_held_out_photos(built: Built, built_copy: PhotoStore, built_recipe: Recipe) -> None:
    report = json.loads((built.work / "reports" / "export.json").read_text())["agreement"]
    assert set(report["forms"]) == FORMS
    assert report["photos"] == len(split_kept(built_recipe, built_copy).held_out) > 0
    assert report["forms"]["model.onnx"]["same_answer"] == report["same_answer"] == 1
    assert report["forms"]["model.onnx"]["largest_difference"] == report["largest_difference"] <= 1e-3
    assert report["forms"]["model.onnx"]["energy_difference"] <= 1e-2
    assert report["forms"]["model.safetensors"]["largest_difference"] <= 1e-5
    assert report["forms"]["model.fp16.onnx"]["same_answer"] >= 0.97
    assert read_facts(built.model)["agreement"] == report


def test_weights_of_sixteen_bits_take_half_the_place(built: Built) -> None:
    network = onnx.load(built.model / "model.fp16.onnx")
    onnx.checker.check_model(network)
    counts: Counter[bool] = Counter()
    for tensor in network.graph.initializer:
        counts[tensor.data_type == onnx.TensorProto.FLOAT16] += math.prod(tensor.dims)
    assert counts[True] > 0.9 * counts.total()
    sizes = [(built.model / name).stat().st_size for name in ("model.fp16.onnx", "model.onnx")]
    assert sizes[0] < 0.55 * sizes[1]


def test_evidence_adds_up_to_the_logits_in_every_form(built: Built) -> None:
    photo = next((built.model / "examples").glob("*.jpg"))
    maps = []
    for form in ("model.onnx", "model.fp16.onnx"):
        given = open_session(built.model / form).run(None, {"pixels": onnx_pixels(photo, 64)})
        probabilities, energy, evidence, embedding = given
        assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-3)
        logits = evidence.sum(axis=(2, 3), dtype=np.float64)
        assert logits[0] - np.log(probabilities[0]) == pytest.approx(-energy[0], abs=1e-4)
        maps.append(evidence)
    assert maps[0] == pytest.approx(maps[1], abs=0.05)
    fastai = Classifier(built.model, "fastai").explain(photo.read_bytes())
    assert np.stack(list(fastai.evidence.values())) == pytest.approx(maps[0][0], abs=1e-3)


def test_who_may_read_one_file_of_the_model_may_read_all(built: Built) -> None:
    assert len({file.stat().st_mode for file in built.model.iterdir() if file.is_file()}) == 1


def test_sixteen_bits_take_several_photos_at_once(built: Built) -> None:
    photos = sorted((built.model / "examples").glob("*.jpg"))
    pixels = [onnx_pixels(photo, 64) for photo in photos]
    (together,) = run_onnx([built.model / "model.fp16.onnx"], [np.concatenate(pixels)])
    (alone,) = run_onnx([built.model / "model.fp16.onnx"], pixels)
    assert together.probabilities == pytest.approx(alone.probabilities, abs=1e-5)
    assert together.energies == pytest.approx(alone.energies, abs=1e-4)
    assert together.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("moved", [torch.arange(12.0), torch.full((12,), float("nan"))])
def test_a_form_that_differs_is_an_error(built_copy: PhotoStore, built_recipe: Recipe, moved: torch.Tensor) -> None:
    weights = load_file(built_copy.work / "model" / "model.safetensors")
    last = next(name for name, tensor in weights.items() if tensor.shape == (12,))
    save_file({**weights, last: weights[last] + moved}, built_copy.work / "model" / "model.safetensors")
    with pytest.raises(RecognizerError, match=r"model\.safetensors and learner\.pkl differ by .* nothing was exported"):
        measure_agreement(built_copy.work / "model", split_kept(built_recipe, built_copy).held_out, 64)


def test_agreement_counts_answers_and_differences() -> None:
    expected = Answers(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([-3.0, -2.0]))
    given = Answers(np.array([[0.8, 0.2], [0.55, 0.45]]), np.array([-3.5, -2.1]))
    assert compare(given, expected) == {
        "largest_difference": pytest.approx(0.15),
        "energy_difference": pytest.approx(0.5),
        "same_answer": 0.5,
    }


def test_the_card_tells_the_hub_its_figures(built: Built) -> None:
    card = ModelCard.load(built.model / "README.md")
    metrics = read_facts(built.model)["metrics"]
    results = card.data.eval_results or []
    given = {result.metric_type: result.metric_value for result in results}
    measured = ("accuracy", "ece", "coverage", "selective_accuracy")
    assert given == {name: metrics[name] for name in measured if metrics[name] is not None}
    assert {result.task_type for result in results} == {"image-classification"}
    assert card.data.model_name == "Tiny textiles"
    assert (card.data.library_name, card.data.pipeline_tag) == ("fastai", "image-classification")


def test_the_card_tells_how_far_the_forms_agree(built: Built) -> None:
    text = (built.model / "README.md").read_text(encoding="utf-8")
    facts = read_facts(built.model)
    for form in FORMS:
        assert f"| `{form}` | `learner.pkl` | {facts['agreement']['photos']} |" in text
    limit, wrong = facts["distance"]["limit"], facts["metrics"]["likely_wrong_labels"]
    assert f"about {round(wrong)} of these photos were likely drawn with a wrong label on purpose" in " ".join(
        text.split()
    )
    assert f"unlike all 12 (its energy is above {limit:.2f})" in text


def test_the_card_tells_what_each_form_was_compared_with_on_how_many_photos(built: Built, tmp_path: Path) -> None:
    facts = read_facts(built.model)
    figures = {"largest_difference": 0.03, "same_answer": 0.986, "reference": "PyTorch", "photos": 500}
    facts["agreement"]["forms"]["model.tflite"] = figures
    write_card(facts, tmp_path / "README.md")
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| `model.tflite` | `PyTorch` | 500 | 98.6% | 3.0e-02 | – |" in text


def test_the_card_tells_whether_anything_was_taken_out(built: Built) -> None:
    dropped = json.loads((built.work / "reports" / "clean.json").read_text())["counts"]["dropped"]
    assert read_facts(built.model)["dropped"] == dropped > 0
    text = " ".join((built.model / "README.md").read_text(encoding="utf-8").split())
    assert "less what rules or people took out" in text


def test_the_card_tells_how_many_photos_were_learned_as_another_name(
    built: Built, built_copy: PhotoStore, built_recipe: Recipe, tmp_path: Path
) -> None:
    facts, split = read_facts(built.model), split_kept(built_recipe, built_copy)
    assert facts["learned_as_another"] == sum(bool(photo.likelier) for photo in split.learning)
    similar = {row["page"] for row in facts["similar"]}
    assert similar and not similar & {photo.page for photo in split.learning if photo.likelier}
    for number, said in ((0, False), (7, True)):
        write_card(facts | {"learned_as_another": number}, tmp_path / "README.md")
        text = " ".join((tmp_path / "README.md").read_text(encoding="utf-8").split())
        assert ("Looking more like another name than their own, 7 of them were learned as that one." in text) == said


def test_no_threshold_is_told_as_certainty(built: Built, tmp_path: Path) -> None:
    facts = read_facts(built.model) | {"threshold": 0.9951}
    facts["recipe"]["train"]["answered_accuracy"] = 0.999
    write_card(facts, tmp_path / "README.md")
    text = " ".join((tmp_path / "README.md").read_text(encoding="utf-8").split())
    assert "Below a probability of over 99 %" in text and "is meant to let over 99 % of the answers be right" in text


def test_an_export_that_fails_leaves_the_model_that_was(
    built: Built, built_copy: PhotoStore, built_recipe: Recipe
) -> None:
    before = (built_copy.work / "model" / "model.json").read_bytes()
    shutil.rmtree(built_copy.work / "runs")
    with pytest.raises(RecognizerError, match="has no trained run yet"):
        export(built_recipe, built_copy)
    assert (built_copy.work / "model" / "model.json").read_bytes() == before


def test_figures_of_another_training_are_not_exported(built_copy: PhotoStore, built_recipe: Recipe) -> None:
    file = built_copy.work / "reports" / "evaluate.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "run": "another"}))
    with pytest.raises(RecognizerError, match="not of the last training; run recognizer evaluate tiny again"):
        export(built_recipe, built_copy)


def test_figures_from_before_a_review_are_not_exported(built_copy: PhotoStore, built_recipe: Recipe) -> None:
    held_out = split_kept(built_recipe, built_copy).held_out
    changes: list[Callable[[], None]] = [
        lambda: built_copy.decisions.add(Decision(held_out[0].sha256, "drop", "not wanted", by="ann")),
        lambda: built_copy.decisions.add(Decision(held_out[1].sha256, "relabel", "wrong", held_out[-1].label, "ann")),
        lambda: built_copy.blind_answers.add(BlindAnswer(held_out[2].sha256, "none", by="ann")),
    ]
    for change in changes:
        evaluate(built_recipe, built_copy)
        change()
        with pytest.raises(RecognizerError, match=r"are others than in the evaluation .* run recognizer evaluate tiny"):
            export(built_recipe, built_copy)


def test_an_evaluation_that_does_not_say_what_it_is_of_is_made_again(
    built_copy: PhotoStore, built_recipe: Recipe
) -> None:
    file = built_copy.work / "reports" / "evaluate.json"
    report = json.loads(file.read_text())
    assert not {"measured", "notes"} & set(read_facts(built_copy.work / "model")["metrics"])
    del report["measured"]
    file.write_text(json.dumps(report))
    with pytest.raises(RecognizerError, match="does not say what it is of; run recognizer evaluate tiny again"):
        export(built_recipe, built_copy)


@pytest.mark.parametrize("labels", ["", "labels.csv", "lists/all.csv", "[age]_[gender].jpg"])
def test_where_labels_lie_in_a_data_set_is_told(recipe: Recipe, labels: str) -> None:
    assert published(labelled(recipe, labels))["collect"]["labels"] == labels


@pytest.mark.parametrize("labels", ["/home/ann/labels.csv", r"C:\Ann\labels.csv", "../ann/labels.csv", "~/labels.csv"])
def test_where_labels_lie_on_this_machine_is_not(recipe: Recipe, labels: str) -> None:
    assert published(labelled(recipe, labels))["collect"]["labels"] == ""


def labelled(recipe: Recipe, labels: str) -> Recipe:
    return recipe.model_copy(update={"collect": recipe.collect.model_copy(update={"labels": labels})})


def test_whoever_ran_it_and_where_photos_and_weights_lie_stay_private(built: Built, shapes_model: Path) -> None:
    for model in (built.model, shapes_model):
        recipe = read_facts(model)["recipe"]
        assert set(CollectSettings.model_fields) - set(recipe["collect"]) == {"contact", "folder"}
        assert set(TrainSettings.model_fields) - set(recipe["train"]) == {"weights"}


@pytest.mark.parametrize(
    ("engines", "said", "unsaid"),
    [
        (["sample"], "pictures that a program drew of 12 names", "image search"),
        (["folder"], "photos that whoever made this sorted under 12 names", "image search"),
        (["duckduckgo", "folder"], "photos that image search returned for 12 names", "drew"),
    ],
)
def test_the_card_says_where_the_photos_come_from(
    built: Built, engines: list[str], said: str, unsaid: str, tmp_path: Path
) -> None:
    facts = read_facts(built.model)
    facts["recipe"]["collect"]["engines"] = engines
    write_card(facts, tmp_path / "README.md")
    text = " ".join((tmp_path / "README.md").read_text(encoding="utf-8").split())
    assert said in text and unsaid not in text


def test_the_card_tells_which_photos_are_in_the_folder(built: Built, tmp_path: Path) -> None:
    assert list((built.model / "similar").iterdir())
    facts = read_facts(built.model)
    write_card(facts | {"similar": []}, tmp_path / "README.md")
    with_copies, without = (
        " ".join((folder / "README.md").read_text(encoding="utf-8").split()) for folder in (built.model, tmp_path)
    )
    assert "except the few in `examples/` and small copies of those in `similar/`" in with_copies
    assert "except the few in `examples/`. ##" in without


def test_names_in_the_card_are_only_names(built: Built, tmp_path: Path) -> None:
    facts = read_facts(built.model)
    facts["title"] = "<img src=https://a.example/x.png> [click](https://a.example)"
    write_card(facts, tmp_path / "README.md")
    text = (tmp_path / "README.md").read_text(encoding="utf-8").split("---", 2)[2]
    assert r"\<img src=https\://a.example/x.png\>" in text
    assert not re.search(r"(?<!\\)(<img|\]\(https)", text)
