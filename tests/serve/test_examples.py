"""The examples of the README and of /docs do what is written beside them."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser import chromium, site
from tests.conftest import Served
from tests.paths import ROOT

ADDRESS = "http://127.0.0.1:7860"
IN_A_PAGE = """<!doctype html><input type="file"><p></p><script type="module">
document.querySelector("input").onchange = async (event) => {
  const file = event.target.files[0];
  EXAMPLE
  document.querySelector("p").textContent = JSON.stringify(ANSWER);
};</script>"""


@pytest.fixture
def folder(served: Served, tmp_path: Path) -> Path:
    """An empty folder with a photo, as the examples name it."""
    shutil.copyfile(served.photos[0], tmp_path / "photo.jpg")
    return tmp_path


def of_readme(language: str, word: str, served: Served) -> str:
    return _only(re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL), word, served)


def of_docs(word: str, served: Served) -> str:
    page = httpx.get(f"{served.url}/docs", trust_env=False).text
    return _only(re.findall(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL), word, served)


def _only(blocks: list[str], word: str, served: Served) -> str:
    (block,) = (block for block in blocks if word in block)
    return block.replace(ADDRESS, served.url)


def probabilities(told: Any) -> dict[str, float]:
    """Return those of an answer in any of its forms."""
    if "probabilities" in told:
        return dict(told["probabilities"])
    return {one["label"]: one["confidence"] for one in told["confidences"]}


def test_curl(served: Served, folder: Path) -> None:
    lines = [of_readme("sh", "curl -F", served), of_docs("curl -F", served), of_docs("--data-binary", served)]
    expected = pytest.approx(served.expected(folder / "photo.jpg"), abs=1e-3)
    for line in lines:
        done = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=True)
        assert probabilities(json.loads(done.stdout)) == expected
    example = json.loads(of_readme("json", "far", served))
    assert set(example) == set(json.loads(done.stdout)) - {"model"}


def test_python(served: Served, folder: Path) -> None:
    shown = of_readme("python", "gradio_client", served).replace("Client(", "print(Client(", 1).replace(
        'api_name="/predict")', 'api_name="/predict"))'
    )  # fmt: skip
    for program in (shown, of_docs("import httpx", served)):
        done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
        told = ast.literal_eval(done.stdout.splitlines()[-1])
        assert probabilities(told) == pytest.approx(served.expected(folder / "photo.jpg"), abs=1e-3)


def test_javascript(served: Served, folder: Path) -> None:
    examples = {
        "gradio.html": (of_readme("js", "@gradio/client", served).replace("@gradio/client", "./client.js"), "data[0]"),
        "plain.html": (of_docs("FormData", served), "answer"),
    }
    shutil.copyfile(ROOT / "docs" / "vendor" / "gradio-client.js", folder / "client.js")
    for name, (example, answer) in examples.items():
        imports = "\n".join(line for line in example.splitlines() if line.startswith("import "))
        rest = example.replace(imports, "") if imports else example
        page = IN_A_PAGE.replace("EXAMPLE", rest).replace("ANSWER", answer).replace('"module">', f'"module">{imports}')
        (folder / name).write_text(page)
    with site(folder) as address, chromium() as running:
        for name in examples:
            opened = running.new_page()
            opened.goto(f"{address}/{name}")
            opened.set_input_files("input", folder / "photo.jpg")
            opened.wait_for_function("document.querySelector('p').textContent")
            told = json.loads(opened.inner_text("p"))
            assert probabilities(told) == pytest.approx(served.expected(folder / "photo.jpg"), abs=1e-3)
