"""A recipe is a TOML file that says which classes to build a classifier for, and how.

recipe = load_recipe("textiles")            # a name in data/recipes/, or a path
recipe.labels                               # ["Argyle", "Chevron", ...]
"""

import os
import shlex
import tomllib
import unicodedata
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from recognizer.errors import RecipeError
from recognizer.files import carried
from recognizer.names import check_contact, check_recipe_name
from recognizer.outputs import ALL_PHOTOS, LABEL, Name, Output, Part, Words
from recognizer.outputs import PhotoClass as PhotoClass  # where others look for it

ENGINES = ("duckduckgo", "bing", "openverse", "commons", "folder", "dataset", "sample")
RECIPES = Path("data/recipes")
WHOLE_RATE = 0.0001  # of learning, of pretrained layers
BRANCH_RATE = 0.003  # of learning, of what is tuned beside them (docs/experiments.md)
NOTED = "recipe.json"  # in a work folder: the recipe of the last command
OURS = carried("recipes", "data/recipes")  # what comes with this program, from wherever it is called

# What is wrong, by pydantic's word for it, in words for people who write recipes.
_MISTAKES = {
    "missing": "is missing",
    "string_type": "has to be a text in quotes",
    "int_type": "has to be a whole number",
    "bool_type": "has to be true or false",
    "float_type": "has to be a number",
    "finite_number": "has to be a finite number",
    "list_type": "has to be a list",
    "model_type": "has to be a table",
    "string_too_short": "may not be empty",
    "string_too_long": "may have at most {max_length} characters",
    "too_short": "needs at least {min_length}",
    "greater_than": "has to be more than {gt}",
    "greater_than_equal": "has to be at least {ge}",
    "less_than": "has to be less than {lt}",
    "less_than_equal": "has to be at most {le}",
    "literal_error": "has to be {expected}",
    "multiple_of": "has to be a multiple of {multiple_of}",
}


Contact = Annotated[str, AfterValidator(check_contact)]


class CollectSettings(Part):
    """How photos are found.

    Args:
        engines: search engines out of `ENGINES`, in this order; where one fails or has no more, the next is asked.
        photos: photos wanted for each class.
        timeout: seconds that one photo may take to download.
        min_side: pixels; a picture with a shorter side is not kept.
        contact: a mail address or web page of whoever runs this, told to engines and hosts that want to know whom to
            write to; Wikimedia Commons answers nobody else.
        folder: of one's own photos for the engine “folder”, one subfolder for each class, or of the data set for the
            engine “dataset”; from the current folder.
        labels: of a data set, in `folder`: a CSV file with a column `file`, or a pattern of file names, such as
            "[age]_[gender]_[date].jpg".
        examples: whether visitors are offered photos to try.
    """

    engines: Annotated[list[str], Field(min_length=1)] = Field(default=["duckduckgo"])
    photos: Annotated[int, Field(ge=1)] = 200
    timeout: Annotated[float, Field(gt=0)] = 20.0
    min_side: Annotated[int, Field(ge=1)] = 64
    contact: Contact = ""
    folder: str = ""
    labels: str = ""
    examples: bool = True


class CleanSettings(Part):
    """How labels are judged, and how far rules may decide about photos.

    Args:
        precision: share of the rules' decisions about labels that shall be right; about the rest a person decides.
        backbones: further pretrained networks that judge labels beside the one of training; torchvision or timm names.
            Left out, it is EfficientNet-Lite2, or -Lite0 where training has that; their weights come with this program.
    """

    precision: Annotated[float, Field(gt=0, lt=1)] = 0.95
    backbones: list[Words] = Field(default=["tf_efficientnet_lite2"])


def usual_rate(train: dict[str, Any]) -> float:
    """Return the rate at which that usually learns which settings of training say is tuned."""
    beside = train.get("epochs") and train.get("cached") and train.get("tuned", 1) < 1
    return BRANCH_RATE if beside else WHOLE_RATE


class TrainSettings(Part):
    """How the network learns.

    Args:
        backbone: a torchvision name (resnet18, resnet34, ...) or a timm name; the weights of the one left out come with
            this package, so that it needs no network.
        weights: a file of pretrained weights, instead of the published ones.
        size: pixels, the side of the square that the network takes; networks halve it five times. Without
            fine-tuning, somewhat larger pictures than the 224 pixels of ImageNet's training do better (Touvron et al.,
            2019, “Fixing the train-test resolution discrepancy”, https://arxiv.org/abs/1906.06423).
        rounds: trainings, each from the pretrained weights; between two, labels are checked again by the last one's
            out-of-fold predictions. The first that does not help, or would change no label, ends them.
        epochs: fine-tuning passes over the photos in each round, of which only what helps is kept; with 0, only the
            last layer is fitted to the photos, which is quick, and with few photos as good.
        tuned: share of the backbone's layers, counted from its end, that are fine-tuned; fewer are quicker. With
            `cached`, a copy of them is, and the layers themselves stay beside it.
        stages: of the network, the last ones, that the last layer gets side by side; between them it cannot be cut.
        cached: whether the layers that are not tuned run only once over each photo, which two cores do in minutes;
            otherwise, or where all are tuned, every epoch runs all layers over newly varied photos: work for a GPU.
        views: of each photo that a branch learns from: itself, its mirror image, and parts of it. Where more than
            3 GiB of memory would be filled, as of 50,000 photos, it learns from fewer.
        faces: whether the network learns from faces as they are (`keep`), from none (`blur`), or has them blurred in
            half of what it learns from (`blur_random`). What it answers on, and is evaluated on, are photos as they
            are.
        folds: of cross-validation, which are parts of the training photos; with `cached` only.
        batch: photos in a batch, in each process where several train.
        mixed_precision: whether an Nvidia GPU computes in half precision where that is safe, and keeps colours last in
            memory (channels-last); without `cached` only. Nothing changes on a processor.
        learning_rate: of what is fine-tuned, at its highest; without `cached`, the head, which starts at its best,
            learns at a tenth of it. Left out, it is what was measured of either way.
        stop_by: what ends the fine-tuning of a recipe with numbers among its outputs: nothing before its last epoch,
            of which the best is kept (`loss`), or that the percentiles of predicted numbers come near those of the true
            ones (`percentiles`), which says nothing of how right the answers about single photos are.
        balanced: whether the fine-tuning of several outputs draws photos of rare classes more often.
        held_out: share of the photos kept apart to evaluate on.
        answered_accuracy: of the answers that are given; less likely ones become "not sure".
        seed: of everything drawn at random.
    """

    backbone: Words = "tf_efficientnet_lite0"
    weights: str = ""
    size: Annotated[int, Field(ge=32, le=1024, multiple_of=32)] = 288
    rounds: Annotated[int, Field(ge=1)] = 1
    epochs: Annotated[int, Field(ge=0)] = 0
    tuned: Annotated[float, Field(gt=0, le=1)] = 0.33
    stages: Annotated[int, Field(ge=1, le=8)] = 2
    cached: bool = True
    views: Annotated[int, Field(ge=1, le=64)] = 2
    faces: Literal["keep", "blur", "blur_random"] = "keep"
    folds: Annotated[int, Field(ge=2, le=20)] = 5
    batch: Annotated[int, Field(ge=1)] = 32
    mixed_precision: bool = True
    learning_rate: Annotated[float, Field(gt=0)] = Field(default_factory=usual_rate)
    stop_by: Literal["loss", "percentiles"] = "loss"
    balanced: bool = False
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.2
    answered_accuracy: Annotated[float, Field(gt=0, lt=1)] = 0.95
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 42

    @property
    def in_two(self) -> bool:
        """Whether the layers that are not tuned are run apart from the others."""
        return self.cached and self.tuned < 1


class Recipe(Part):
    """A whole recipe. `name` is the file's name without its ending; `people`: whether classes are groups of people."""

    _asked: tuple[str, ...] = ()  # for the recipe and its work folder, as the user typed them
    _file: Path = Path()

    name: Annotated[Name, AfterValidator(check_recipe_name)]
    title: Words
    description: str = ""
    people: bool = False
    collect: CollectSettings = CollectSettings()
    clean: CleanSettings = CleanSettings()
    train: TrainSettings = TrainSettings()
    classes: list[PhotoClass] = Field(default=[])
    outputs: list[Output] = Field(default=[])

    @property
    def shows_examples(self) -> bool:
        """Whether visitors are offered photos to try; none of somebody as an example of a group."""
        return self.collect.examples and not self.people

    @property
    def has_outputs(self) -> bool:
        """Whether it names its outputs, and is not a recipe of classes."""
        return bool(self.outputs)

    @property
    def heads(self) -> list[Output]:
        """The outputs; of a recipe of classes, the one that is called `label`."""
        return self.outputs or [Output(name=LABEL, classes=self.classes)]

    @property
    def labels(self) -> list[str]:
        """The names of the classes, in the recipe's order."""
        return [photo_class.name for photo_class in self.classes]

    def asked_for(self, typed: str, work: Path | None = None) -> "Recipe":
        """Return this recipe, knowing what a user typed to have it.

        Args:
            typed: the recipe's name or path.
            work: the work folder, where one was named.
        """
        self._asked = (typed, *(["--work", str(work)] if work else []))
        return self

    def command(self, stage: str) -> str:
        """Return the command that runs a stage of this recipe, as it can be typed again.

        Args:
            stage: what follows `recognizer`.
        """
        typed, *more = self._asked or (self.name,)
        return shlex.join(["recognizer", stage, typed, *more])

    @property
    def to_edit(self) -> str:
        """The file in which to change it: of one that comes with this program, a copy that is found first."""
        return f"a copy of {self._file} in this folder" if self._file.parent == OURS else f"{self._file}"

    @model_validator(mode="before")
    @classmethod
    def _store_together(cls, table: dict[str, Any]) -> dict[str, Any]:
        """Put the photos of a recipe with outputs under one label, since they are of no one class."""
        if "outputs" not in table:
            return table
        if "classes" in table:
            raise ValueError("has classes and outputs; write the classes under their output")
        return {**table, "classes": [PhotoClass(name=ALL_PHOTOS)]}

    @model_validator(mode="after")
    def _check(self) -> "Recipe":
        if not self.outputs and len(self.classes) < 2:
            raise ValueError("classes needs at least 2" if self.classes else "classes is missing")
        if self.outputs and self.collect.engines != ["dataset"]:
            raise ValueError('collect.engines: a recipe with outputs takes engines = ["dataset"]')
        if not self.outputs and "dataset" in self.collect.engines:
            raise ValueError("collect.engines: “dataset” is for recipes with outputs; for your own photos, “folder”")
        if mistake := _unfit(self.train, self.outputs) or _unjudged(self.clean, self.outputs):
            raise ValueError(mistake)
        if name := _repeated([one.name for one in self.outputs]):
            raise ValueError(f"outputs: “{name}” stands there twice; each output may stand once")
        if label := _repeated(self.labels):
            raise ValueError(f"classes: “{label}” stands there twice; each class may stand once")
        if unknown := [engine for engine in self.collect.engines if engine not in ENGINES]:
            raise ValueError(f"collect.engines: “{unknown[0]}” is not an engine; allowed are {', '.join(ENGINES)}")
        if engine := _repeated(self.collect.engines):
            raise ValueError(f"collect.engines: “{engine}” stands there twice; each engine may stand once")
        return self


def _unfit(train: TrainSettings, outputs: list[Output]) -> str:
    """Say which setting of training a recipe with or without outputs cannot have; "" where all fit."""
    if train.stop_by != "loss" and not (train.epochs and any(one.kind == "number" for one in outputs)):
        return 'train.stop_by: “percentiles” is for fine-tuning (epochs) of an output with kind = "number"'
    if train.balanced and not (train.epochs and outputs):
        return "train.balanced: only the fine-tuning (epochs) of a recipe with outputs draws rare classes more often"
    only: dict[str, Any] = {"rounds": 1, "cached": True, "faces": "keep"} if outputs else {}
    for key, value in only.items():
        if getattr(train, key) != value:
            return f"train.{key}: a recipe with outputs takes {key} = {str(value).lower()} only; leave it out"
    if outputs and train.epochs and train.tuned == 1:
        return "train.tuned: a recipe with outputs tunes a part of the layers; set less than 1"
    if train.epochs and train.in_two and train.batch == 1:  # batch normalisation can make nothing of a single photo
        return "train.batch: what is fine-tuned (epochs) learns from several photos at once; set at least 2"
    return ""


def _unjudged(clean: CleanSettings, outputs: list[Output]) -> str:
    """Say which setting of cleaning was named in vain, as labels that a data set gives are not judged; "" if none."""
    named = [key for key in CleanSettings.model_fields if outputs and key in clean.model_fields_set]
    return f"clean.{named[0]}: labels of a recipe with outputs are left as they are; leave it out" if named else ""


def _repeated(names: list[str]) -> str:
    """Return the first name that stands there before, however its accents are written; "" where none does."""
    alike = [unicodedata.normalize("NFC", name) for name in names]
    return next((name for place, name in enumerate(names) if alike[place] in alike[:place]), "")


def load_recipe(name: str | Path, folder: Path = RECIPES) -> Recipe:
    """Read and check a recipe.

    Args:
        name: a recipe's name in `folder`, in the current folder or in this program's own, or the path of a TOML file.
        folder: where recipes with a plain name lie.

    Raises:
        RecipeError: there is no such file, or it has a mistake.
    """
    path = _find(str(name), folder)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # editors on Windows put a mark in front
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not valid TOML, which is text in UTF-8; save it as that.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError(f"{path} is not valid TOML: {error}.") from error
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}.") from error
    if "name" in table:
        raise RecipeError(f"{path}: name is not a key here; a recipe is called like its file, {path.stem}.")
    try:
        recipe = Recipe(name=path.stem, **table)
    except ValidationError as error:
        raise RecipeError(f"{path}: {_sentence(error)}") from error
    recipe._file = path
    return recipe


def _find(name: str, folder: Path) -> Path:
    path = Path(name) if name.endswith(".toml") or os.sep in name else folder / f"{name}.toml"
    for place in (path, Path(f"{name}.toml"), OURS / f"{name}.toml"):
        if place.is_file():
            return place
    here, there, ours = (_recipes_in(place) for place in (Path(), folder, OURS))
    near = get_close_matches(path.stem, [*here, *there, *ours], n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    listed = [*([f"here: {', '.join(here)}"] if here else []), f"in {folder}: {', '.join(there) or 'none'}"]
    known = f"{'; '.join(listed)}; of this program: {', '.join(ours)}"
    raise RecipeError(f"There is no recipe {path}.{meant} Recipes {known}; or give the path of a TOML file.")


def _recipes_in(folder: Path) -> list[str]:
    """Return the names of the recipes in a folder; other TOML files may lie beside them."""
    return sorted(file.stem for file in folder.glob("*.toml") if _is_recipe(file))


def _is_recipe(file: Path) -> bool:
    try:
        return bool({"classes", "outputs"} & tomllib.loads(file.read_text(encoding="utf-8-sig")).keys())
    except (OSError, ValueError):  # a folder, or no TOML
        return False


def _sentence(error: ValidationError) -> str:
    """Say the first mistake: the key, what is wrong, what is allowed."""
    first = error.errors()[0]
    kind, location, context = first["type"], first["loc"], first.get("ctx", {})
    key = _key(location)
    if kind == "extra_forbidden":
        return f"unknown key {key}; allowed here are {', '.join(_allowed(location))}."
    mistake = str(context["error"]) if kind == "value_error" else _MISTAKES.get(kind, first["msg"]).format(**context)
    given = f" (given: {first['input']!r})" if isinstance(first["input"], str | int | float) else ""
    return f"{key} {mistake}{given}.".lstrip()


def _key(location: tuple[int | str, ...]) -> str:
    words = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(words).lstrip(".")


def _allowed(location: tuple[int | str, ...]) -> list[str]:
    """List the keys of the table that a location is in."""
    if len(location) == 1:
        return [name for name in Recipe.model_fields if name != "name"]
    if "classes" in location and location[0] in ("classes", "outputs"):
        return list(PhotoClass.model_fields)
    # Every other table but an output may be left out, and then has a default.
    part = Output if location[0] == "outputs" else type(Recipe.model_fields[str(location[0])].default)
    return list(part.model_fields)
