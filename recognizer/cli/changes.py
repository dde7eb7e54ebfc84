"""What has changed in a recipe since the last command: what stays right, and what is made anew.

for sentence in follow_changes(recipe, Path("data/cloth")): ...     # before the photo store is opened
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from recognizer.errors import WorkInUse
from recognizer.files import alone_in
from recognizer.recipe import NOTED, Recipe, usual_rate
from recognizer.report import read_json, write_json

FEATURES = {"backbone", "weights", "size", "stages", "faces"}  # of [train], that change what is cached


def follow_changes(recipe: Recipe, work: Path) -> list[str]:
    """Rename what is stored under a class that is called otherwise, and return a sentence for each change.

    A class was renamed if its searches are those of one that is gone.

    Args:
        recipe: as it is now.
        work: its work folder.

    Raises:
        WorkInUse: a class was renamed, and another run is at work.
        Unwritable: the work folder may not be written.
    """
    now = _of(recipe)
    before = read_json(work / NOTED, {"classes": {}}, "delete it") if (work / NOTED).is_file() else now
    is_told = before == now and (work / NOTED).is_file()
    says = [] if before == now else [*_renamed(recipe, before, now, work), *_classes(recipe, before, now, work)]
    says += _settings(before, now)
    if not is_told:
        with suppress(WorkInUse), alone_in(work):  # where another run is at work, the next command tells it again
            write_json(work / NOTED, now)
    return says


def _of(recipe: Recipe) -> dict[str, Any]:
    classes = {one.name: list(one.queries) for one in recipe.classes}
    settings = {"clean": recipe.clean.model_dump(), "train": recipe.train.model_dump()}
    return {"classes": classes, "outputs": [one.model_dump(mode="json") for one in recipe.outputs], **settings}


def _renamed(recipe: Recipe, before: dict[str, Any], now: dict[str, Any], work: Path) -> list[str]:
    """Follow new names; what was followed stands in `before` under the new one."""
    from recognizer.store.renaming import rename_class

    says = []
    for new in [name for name in now["classes"] if name not in before["classes"]]:
        gone = [name for name in before["classes"] if name not in now["classes"]]
        old = next((name for name in gone if before["classes"][name] == now["classes"][new] != []), None)
        if old:
            with alone_in(work):
                if not rename_class(work, old, new):
                    continue
                before["classes"] = {new if name == old else name: one for name, one in before["classes"].items()}
                write_json(work / NOTED, before)
            again = recipe.command("train")
            says.append(f"“{old}” is called “{new}” now: its photos and decisions stay; {again} trains with it.")
    return says


def _classes(recipe: Recipe, before: dict[str, Any], now: dict[str, Any], work: Path) -> list[str]:
    from recognizer.store.renaming import count_photos

    along = "; files that were moved to its subfolder come along" if "folder" in recipe.collect.engines else ""

    old, new = before["classes"], now["classes"]
    gone = {name: count_photos(work, name) for name in old if name not in new}
    return [
        *(
            f"“{one}” is no class any more: no network learns from its photos ({n}), which stay."
            for one, n in gone.items()
        ),
        *(
            f"“{one}” is a new class: collect finds its photos{along}; those of the others stay."
            for one in new
            if one not in old
        ),
        *(
            f"“{one}” has other searches: collect asks them; what was found before stays."
            for one, queries in new.items()
            if one in old and old[one] != queries
        ),
        *(
            ["Photos and decisions of the other classes stay; the training is made anew."]
            if set(old) != set(new)
            else []
        ),
    ]


def _made_anew(changed: Sequence[str], is_of_outputs: bool) -> str:
    if not changed:
        return "nothing follows from it here, and the network stays"
    if changed == ["answered_accuracy"]:
        return "train moves the threshold of the same network"
    if changed == ["rounds"]:
        return "train keeps the rounds that are there, trains those that are missing, and uses as many as are wanted"
    features = FEATURES & set(changed)
    if is_of_outputs:
        return "features and training are made anew" if features else "the training is made anew"
    if changed == ["weights"]:
        return "features and training are made anew if these are other weights"
    return f"{'features and training are' if features else 'the training is'} made anew, unless that was done before"


def _with_effect(changed: Sequence[str], old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return those of the changed settings of a training of classes, old and new, that something follows from."""
    from recognizer.train.fingerprints import effective

    then, now = effective(old), effective(new)
    return [key for key in changed if then[key] != now[key]]


def _judged_anew(changed: Sequence[str]) -> str:
    judged = "has other networks judge labels, and " if "backbones" in changed else ""
    return f"{judged}lets the rules decide anew"


def _settings(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    changed, judging = (
        [key for key, value in now[table].items() if before.get(table, {}).get(key, value) != value]
        for table in ("train", "clean")
    )
    says, old, new = [], before.get("train", {}), now["train"]
    if "learning_rate" in changed and all(table["learning_rate"] == usual_rate(table) for table in (old, new)):
        changed.remove("learning_rate")  # which nobody touched: what is tuned now has another one by itself
    if changed:
        is_of_outputs = bool(now["outputs"])
        made = _made_anew(changed if is_of_outputs else _with_effect(changed, old, new), is_of_outputs)
        says.append(f"[train] has another {', '.join(changed)}: {made}; photos and decisions stay.")
    if before.get("outputs", now["outputs"]) != now["outputs"]:
        says.append(
            "[[outputs]] have changed: collect reads their values anew; photos stay, the training is made anew."
        )
    if judging:
        says.append(f"[clean] has changed: clean {_judged_anew(judging)}; what people decided stays.")
    return says
