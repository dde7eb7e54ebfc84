"""The static site of a recipe: its pages from the templates in pages/, its words, and the scripts of docs/.

write_site(load_recipe("ethnic-groups"), Path("site"), space="owner/name")     the site that asks a Space
python -m recognizer.publish.site                                             docs/, the site of this project
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from recognizer.errors import RecognizerError
from recognizer.faces.counting import FACES
from recognizer.files import carried, write_whole, writing
from recognizer.names import LABEL
from recognizer.outputs import Output
from recognizer.recipe import Recipe, load_recipe
from recognizer.serve.facts import read_facts
from recognizer.serve.outputs_pages import FILTERS, LOADER
from recognizer.words.sources import describe_source
from recognizer.words.tags import teller
from recognizer.words.words import FOLDER as WORDS
from recognizer.words.words import SOURCE, languages, words_in

RECIPE = "ethnic-groups"
DOCS = carried("publish/docs", "docs")
CONFIG = "js/config.js"
CLIENT = "vendor/gradio-client.js"
PAGES = {"home": "index.html", "recognizer": "recognizer.html", "about": "about.html"}
OF_FIGURES = {"how": "how.html", "data": "data.html"}  # beside a model of several outputs
COPIED = ("js", "vendor", "sw.js", "style.css", "logo.svg", "share.png")
RUNTIME = "ort"  # how the files begin that run a network, 14 MB of them
MODEL = "model/"  # beside the pages
_TEMPLATES = Environment(
    loader=ChoiceLoader([FileSystemLoader(Path(__file__).with_name("pages")), LOADER]),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
)
_TEMPLATES.filters |= FILTERS


def write_site(
    recipe: Recipe, to: Path, *, space: str | None = None, model: Path | None = None, address: str = ""
) -> list[Path]:
    """Write the site of a recipe; one that is docs/ itself keeps its scripts and, where neither is named, whom it asks.

    Args:
        recipe: the recipe; its title, classes, kind of photos and contact are on the pages.
        to: the folder, made where it is missing.
        space: the Space that answers, `owner/name` or an address.
        model: a model folder, for a site that answers in the visitor's browser.
        address: where the site will be, ending in a slash, so that shared links have their picture.

    Returns:
        The files written, relative to `to`, in order.

    Raises:
        RecognizerError: what docs/ holds is missing, or what it takes from npm.
        Unwritable: the disk is full, or the folder may not be written.
    """
    files = _files(recipe, is_docs(to), space, model, address)
    for name, content in files.items():
        if isinstance(content, bytes):
            write_whole(to / name, content)
        else:
            _copy(content, to / name)
    return sorted(map(Path, files))


def render_pages(recipe: Recipe, *, facts: dict[str, Any] | None = None, address: str = "") -> dict[str, str]:
    """Return the pages in English, by their file names; scripts put other languages in.

    Args:
        recipe: the recipe.
        facts: model.json of the model that answers in the visitor's browser; None where a Space answers.
        address: where the site will be, ending in a slash, or empty.

    Returns:
        Three pages; where the model has several outputs, two more that tell its figures.
    """
    has_figures = facts is not None and "outputs" in facts
    kind = describe_source(recipe.collect.engines).kind
    heads = [_head(one) for one in recipe.heads]
    shown = {
        "title": recipe.title,
        "description": " ".join(recipe.description.split()),
        "heads": heads,
        "count": sum(len(one.classes) for one in recipe.heads),
        "linked": any(entry["link"] for head in heads for entry in head["classes"]),
        "people": recipe.people,
        "groups": recipe.people and kind != "listed",  # else people are in the photos, but no class is a group of them
        "kind": kind,
        "contact": _contact(recipe.collect.contact),
        "languages": [{"code": code, "name": words_in(code).name} for code in languages()],
        "here": facts is not None,
        "facts": facts if has_figures else None,
        "looks_for_faces": FACES in (facts or {}).get("sha256", {}),
        "address": address,
    }
    said = {"say": _say, "label": _label, "plain": _plain, "tell": teller(_say)}
    pages = PAGES | (OF_FIGURES if has_figures else {})
    return {file: _TEMPLATES.get_template(file).render(page=page, **shown, **said) for page, file in pages.items()}


def _say(key: str, section: str = "site", **values: Any) -> Markup:
    """Return the rest of a tag: the key by which scripts find the sentence, its values, and the English sentence."""
    return Markup(' data-say="{}.{}"{}>').format(section, key, _values(values)) + _english(key, section, **values)


def _label(key: str, section: str = "site", **values: Any) -> Markup:
    """Return the attributes of a tag whose name for screen readers is a sentence."""
    told = _english(key, section, **values).striptags()
    return Markup(' data-say-label="{}.{}"{} aria-label="{}"').format(section, key, _values(values), told)


def _values(values: dict[str, Any]) -> Markup:
    """Return the attribute with the values of a sentence."""
    told = json.dumps(values, ensure_ascii=False).translate({ord(one): f"&#{ord(one)};" for one in "&'<"})
    return Markup(f" data-values='{told}'" if values else "")


def _english(key: str, section: str = "site", **values: Any) -> Markup:
    return words_in(SOURCE).told(f"{section}.{key}", **values)


def _plain(key: str) -> str:
    return words_in(SOURCE).say(f"site.{key}")


def _head(output: Output) -> dict[str, Any]:
    """Return what an output tells apart: its classes, or the range of a number as the one that it has."""
    classes = [one.model_dump(exclude={"queries"}) for one in output.classes]
    ends = " – ".join(f"{end:.10g}" for end in output.range)
    name = "" if output.name == LABEL else output.name.replace("_", " ")
    return {
        "name": name,
        "description": output.description,
        "classes": classes or [{"name": f"{ends} {output.unit}".strip(), "link": "", "region": "", "description": ""}],
    }


def _contact(contact: str) -> str:
    """Return a link to whoever runs this: a web page, or a mail address; "" where nobody is named."""
    return contact if not contact or contact.startswith(("https://", "http://")) else f"mailto:{contact}"


def _config(space: str | None, model: Path | None) -> str:
    """Return js/config.js of docs/ with another Space and model."""
    text = (DOCS / CONFIG).read_text(encoding="utf-8")
    return _assign(_assign(text, "SPACE", space), "MODEL", MODEL if model else None)


def _assign(text: str, name: str, value: str | None) -> str:
    return re.sub(rf"(?m)(?<=^export const {name} = ).*(?=;$)", lambda _: json.dumps(value), text)


def _files(recipe: Recipe, docs: bool, space: str | None, model: Path | None, address: str) -> dict[str, bytes | Path]:
    """Return what a site holds, by name there: the bytes, or the file to copy."""
    files: dict[str, bytes | Path] = {} if docs else dict(_scripts(model is not None))
    if space or model or not docs:
        files[CONFIG] = _config(space, model).encode()
    if model:
        from recognizer.export.browser import browser_files  # imports onnx

        files |= {f"{MODEL}{name}": file for name, file in browser_files(model).items()}
    pages = render_pages(recipe, facts=read_facts(model) if model else None, address=address)
    files |= {name: text.encode() for name, text in pages.items()}
    files |= {f"words/{language}.json": WORDS / f"{language}.json" for language in languages()}
    files["manifest.webmanifest"] = json.dumps(_manifest(recipe.title), indent=2, ensure_ascii=False).encode()
    classes = [one.model_dump(exclude={"queries"}) for one in recipe.classes]
    shown = {"title": recipe.title, "classes": classes}
    return files | {"groups.json": f"{json.dumps(shown, indent=2, ensure_ascii=False)}\n".encode()}


def _manifest(title: str) -> dict[str, Any]:
    """Return what a browser needs to install the site."""
    return {
        "name": title,
        "start_url": "recognizer.html",
        "display": "standalone",
        "background_color": "#faf8f4",
        "theme_color": "#1f5668",
        "icons": [{"src": "logo.svg", "sizes": "any", "type": "image/svg+xml"}],
    }


def _scripts(here: bool) -> dict[str, Path]:
    """Return what a site has from docs/, by name there; what runs a network only where the browser answers."""
    if not (DOCS / CONFIG).is_file():
        raise RecognizerError(f"There is no {DOCS / CONFIG}; install this program anew.")
    if not (DOCS / CLIENT).is_file():
        raise RecognizerError(
            f"{DOCS / CLIENT} is missing; run make site first, which needs npm, in the checkout that this program "
            "is in or is to be installed from again."
        )
    places = (DOCS / name for name in COPIED)
    files = [file for place in places for file in (sorted(place.rglob("*")) if place.is_dir() else [place])]
    wanted = (file for file in files if file.is_file() and (here or not file.name.startswith(RUNTIME)))
    return {file.relative_to(DOCS).as_posix(): file for file in wanted}


def _copy(file: Path, to: Path) -> None:
    with writing(to.parent):
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, to)


def is_docs(to: Path) -> bool:
    """Tell whether a folder is docs/ of this checkout."""
    return to.resolve() == DOCS.resolve()


if __name__ == "__main__":
    write_site(load_recipe(RECIPE), DOCS)
