"""What a command shows at its end: a short table, and a sentence where something is to be done.

for part in trained(recipe, report): console.print(part)         # of collecting: collecting.py
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from recognizer.recipe import Recipe
from recognizer.store.spaces import PUBLISHED

if TYPE_CHECKING:  # no --help needs rich
    from rich.table import Table

ENOUGH = 0.98  # share of photos for which eight bits give the same answer: nobody need be told
Summary = list["Table | str"]


def table(title: str, rows: dict[str, Any]) -> "Table":
    """Return a table of names and values."""
    from rich.table import Table

    shown = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    shown.add_column()
    shown.add_column(justify="right")
    for name, value in rows.items():
        shown.add_row(name, str(value))
    return shown


def grid(head: list[str], rows: dict[str, dict[str, Any]]) -> "Table":
    """Return a table of several columns, with what stands over them."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    shown = Table(head[0], box=SIMPLE_HEAD, pad_edge=False)
    for name in head[1:]:
        shown.add_column(name, justify="left" if name == "state" else "right")
    for name, row in rows.items():
        shown.add_row(name, *map(str, row.values()))
    return shown


def built(recipe: Recipe, model: Path, seconds: float) -> Summary:
    """Show how long it took, where the model is and what comes next."""
    return [f"Built in {_duration(seconds)}. The model is in {model}.", f"Next: {recipe.command('serve')}"]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def cleaned(recipe: Recipe, report: dict[str, Any]) -> Summary:
    """Show what each check found, what the rules decided and what waits for a person."""
    checks = {check.replace("_", " "): row for check, row in report["checks"].items()}
    checked = grid(["check", "found", "decided", "waiting"], checks)
    networks = " and ".join(report.get("networks", []))  # none where labels are left alone
    judged = [f"Labels were judged by {networks}."] if networks else []
    counted = table(f"Cleaned {recipe.name}", report["counts"])
    return [checked, *_sheets(report), counted, *judged, *_missing(recipe, report)]


def _sheets(report: dict[str, Any]) -> list[str]:
    """Say where the photos that checks found are shown; nothing where none are."""
    sheets = [Path(sheet) for sheet in report.get("sheets", [])]  # none of recipes with several outputs
    names = ", ".join(sheet.name for sheet in sheets)
    return [f"Pages with what the checks found, in {sheets[0].parent}: {names}"] if sheets else []


def forgotten(recipe: Recipe, report: dict[str, Any]) -> Summary:
    """Show what was removed, and what is to be done again because it learned from it."""
    rows = {name.replace("_", " "): number for name, number in report["counts"].items()}
    summary: Summary = [table("Forgotten", rows)]
    if not (report["counts"]["hits"] or report["counts"]["examples"]):
        summary.append("This was forgotten before; no photo of it was left to remove.")
    return summary + _learned(recipe, report) + _left_elsewhere(report) + _left_on_the_hub(recipe, report)


def _learned(recipe: Recipe, report: dict[str, Any]) -> list[str]:
    """Say what is gone of what was made with a forgotten photo, what is to be run again, and what may still hold it."""
    says = []
    if report["counts"]["trained_runs_emptied"]:
        says.append("The trained runs that learned from it are emptied, and are not used any more.")
    if report["counts"]["sheets"]:
        says.append("The pages and pictures of the reports, which show photos, are gone, too.")
    if report["again"]:
        stages = ", ".join(recipe.command(stage) for stage in report["again"])
        says.append(f"Run these again, in this order: {stages}.")
    learned = report["learned"]
    if learned["model"]:
        says.append(f"Until then {learned['model']} may still hold what was learned from it.")
    if learned["published"]:
        places = ", ".join(learned["published"])
        says.append(f"After that, publish again to {places}: the model that is there may hold it, too.")
    return says


def _left_elsewhere(report: dict[str, Any]) -> list[str]:
    """Say where a forgotten photo still is, and what to do about it."""
    says = [
        f"The folder {space} is without it now. If you committed or uploaded it somewhere, that copy still shows or "
        "names the photo: publish into the folder again, and commit or upload it again."
        for space in report["spaces"]["changed"]
        if Path(space).parent.name != PUBLISHED  # else it is told where that was pushed to
    ] + [
        f"The Space that was written to {space} is not there any more; wherever it is now, it may still hold the photo."
        for space in report["spaces"]["away"]
    ]
    if report["log"]:
        says.append(
            "Another program is reading photos.db, so that its log, photos.db-wal, still tells of the photo; close "
            "that program and run this command again."
        )
    return says


def _left_on_the_hub(recipe: Recipe, report: dict[str, Any]) -> list[str]:
    """Say which repositories still show or name a forgotten photo, and how they are made to lose it."""
    spaces = [entry for entry in report["pushed"] if entry["kind"] == "space"]
    others = [entry for entry in report["pushed"] if entry["kind"] != "space"]
    says = []
    for entry in [*spaces, *others]:
        option = {"space": "--push", "model": "--with-model", "dataset": "--with-index"}[entry["kind"]]
        form = f" --form {entry['form']}" if entry["form"] else ""
        command = f"{recipe.command('publish')} {option} {entry['repository']}{form}"
        says.append(f"{entry['repository']} on the Hub ({entry['kind']}) still holds something of it; run {command}.")
    return says


def trained(recipe: Recipe, report: dict[str, Any]) -> Summary:
    """Show how many photos were used for what, and say what of training did not help."""
    words = {"held_out": "held out", "aside": "set aside"}
    counts = {words.get(name, name): number for name, number in report["counts"].items()}
    counts["seconds"] = round(report["seconds"])
    return [table(f"Trained {recipe.name}", counts), *report["notes"], *_missing(recipe, report)]


def evaluated(recipe: Recipe, report: dict[str, Any], page: Path) -> Summary:
    """Show how good the network is, and where the page with all of it is."""
    if recipe.has_outputs:
        return [*_outputs(report), f"All of it, for each group: {page}", *_missing(recipe, report)]
    rows = {
        **_seen(report.get("blind", {})),
        "held-out photos": report["photos"],
        "  their labels likely wrong": round(report["likely_wrong_labels"]),
        "agreement with labels": _percent(report["accuracy"]),
        "  95 % interval": _interval(report["accuracy_interval"]),
        "  mean over the classes": _percent(report["balanced_accuracy"]),
        **({"among the first three": _percent(report["top3"])} if len(recipe.labels) >= 6 else {}),
        "coverage": _percent(report["coverage"]),
        "expected calibration error": _percent(report["ece"]),
    }
    return [
        table(f"Evaluated {recipe.name}", rows),
        f"All of it, with charts: {page}",
        *_missing(recipe, report),
    ]


def _outputs(report: dict[str, Any]) -> Summary:
    """Show each output next to the constant guess, and the largest gap between groups."""
    rows = {name: _beside_guess(one) for name, one in report["outputs"].items()}
    said = [
        f"Largest gap: {gap['output']} is {_amount(gap['best'])} for “{gap['best']['group']}” and "
        f"{_amount(gap['worst'])} for “{gap['worst']['group']}” of {gap['by']}."
        for gap in report["gaps"][:1]
    ]
    return [grid(["output", "photos", "figure", "measured", "constant guess"], rows), *said]


def _beside_guess(one: dict[str, Any]) -> dict[str, str]:
    kind = "accuracy" if one["kind"] == "classes" else "mean error"
    unit, guess = one.get("unit", ""), one["constant"]
    return {"photos": one["photos"], "figure": kind, "measured": _amount(one, unit), "guess": _amount(guess, unit)}


def _amount(figures: dict[str, Any], unit: str = "") -> str:
    """Say an accuracy, or a mean absolute error."""
    if "accuracy" in figures:
        return _percent(figures["accuracy"] or 0.0)
    return f"{figures['mean_absolute_error']:.2f} {unit}".rstrip()


def _seen(blind: dict[str, Any]) -> dict[str, str]:
    """Return what the blind sample says of the network, or how far the sample is."""
    if not blind.get("accuracy"):
        return {"blind sample": f"{blind['answered']} of {blind['drawn']}"} if blind.get("drawn") else {}
    found = blind["accuracy"]
    return {"right, by the blind sample": _percent(found["share"]), "  its 95 % interval": _interval(found["interval"])}


def exported(recipe: Recipe, report: dict[str, Any]) -> Summary:
    """Show how well the forms of the model agree."""
    forms = {
        file: {"difference": f"{form['largest_difference']:.1e}", "same": _percent(form["same_answer"])}
        for file, form in report["agreement"]["forms"].items()
    }
    compared: dict[str, list[str]] = {}
    for file, form in report["agreement"]["forms"].items():
        said = f"compared with {form['reference']} on {form['photos']} held-out photos of {recipe.name}"
        compared.setdefault(said, []).append(file)
    return [
        grid(["form", "largest difference", "same answer"], forms),
        *(f"{', '.join(files)}: {said}." for said, files in compared.items()),
        *few_bits(report["agreement"]["forms"]),
    ]


def few_bits(forms: dict[str, Any]) -> list[str]:
    """Say where eight bits change too many answers, and what to use then."""
    same = forms.get("model.tflite", {}).get("same_answer", 1.0)
    if same >= ENOUGH:
        return []
    return [
        f"model.tflite gives the same answer for {_percent(same)} of them only: eight bits are few where classes are "
        "nearly as likely as one another. Where that matters, use model.float32.tflite."
    ]


def _missing(recipe: Recipe, report: dict[str, Any]) -> list[str]:
    missing = report["missing"]
    what = "1 photo file is missing and was" if missing == 1 else f"{missing} photo files are missing and were"
    again = f"{recipe.command('collect')} fetches {'it' if missing == 1 else 'them'} again"
    return [f"{what} left out; {again}."] if missing else []


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _interval(ends: list[float]) -> str:
    return f"{ends[0] * 100:.1f} to {_percent(ends[1])}"
