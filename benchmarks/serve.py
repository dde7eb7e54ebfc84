"""How quickly a model is served, beside the plain way: fastai's load_learner in a gr.Interface.

    python -m benchmarks.serve data/textiles/model --photos data/textiles/photos --seconds 60

Each server has a process of its own, and both answer the same photos in the same run. Clients share the processors with
the servers. Then the same network form by form: one photo through fastai's `predict` and through ONNX Runtime, for the
given model and for a resnet34 with random weights at 224 pixels (for time only).
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import httpx
import numpy as np
from gradio_client import Client, handle_file

from recognizer.images.decode import read_picture
from recognizer.images.pixels import squish
from recognizer.networks.onnx_session import open_session
from recognizer.serve.facts import read_facts

OURS = """
import sys
from pathlib import Path
from recognizer.serve.server import serve
serve(Path(sys.argv[1]), "127.0.0.1", int(sys.argv[2]), print, sys.argv[3])
"""
PLAIN = """
import sys
import recognizer.networks.torchvision_cure
import gradio
from fastai.learner import load_learner
learner = load_learner(sys.argv[1] + "/learner.pkl")
def predict(photo):
    _, _, probabilities = learner.predict(photo)
    return dict(zip(learner.dls.vocab, map(float, probabilities)))
gradio.Interface(predict, gradio.Image(type="pil"), gradio.Label()).launch(
    server_name="127.0.0.1", server_port=int(sys.argv[2]), quiet=True, max_threads=40)
"""
CLIENTS = (1, 10, 50, 200)
SINGLE = 100  # photos, one after the other


class Load(NamedTuple):
    """What many clients got in a while."""

    answered: int
    refused: int
    failed: int
    slowest: float
    slowest_refusal: float


def main() -> None:
    asked = _arguments()
    photos = sorted(asked.photos.rglob("*.jpg"))[:60]
    with tempfile.TemporaryDirectory() as scratch:
        uploads = Path(scratch)
        for runtime in ("onnx", "fastai"):
            with _serving(OURS, asked.model, uploads, runtime) as (address, process):
                _ready(f"ours, {runtime}, plain route", process, lambda: _rest(address, photos[0]))
                _single_rest(f"ours, {runtime}, plain route", address, photos)
                _single_gradio(f"ours, {runtime}, gradio_client", address, photos)
                if runtime == "onnx":
                    _loads("ours, plain route", process, asked, photos, lambda client, p: _rest(address, p, client))
                    _loads("ours, Gradio's", process, asked, photos, lambda client, p: _gradio(address, p, client))
                    _left(uploads)
        with _serving(PLAIN, asked.model, uploads) as (address, process):
            _ready("plain way", process, lambda: _gradio(address, photos[0]))
            _single_gradio("plain way, gradio_client", address, photos)
            _loads("plain way", process, asked, photos, lambda client, p: _gradio(address, p, client))
        _forms("this model", asked.model, photos)
        _forms("resnet34, random weights", _random_resnet(Path(scratch)), photos)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each load")
    return parser.parse_args()


@contextmanager
def _serving(
    program: str, model: Path, uploads: Path, *more: str
) -> Iterator[tuple[str, "tuple[subprocess.Popen[bytes], float]"]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "GRADIO_TEMP_DIR": str(uploads), "GRADIO_ANALYTICS_ENABLED": "False"}
    begun = time.monotonic()
    command = [sys.executable, "-c", program, str(model), str(port), *more]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}", (process, begun)
    finally:
        process.terminate()
        process.wait()


def _ready(name: str, started: "tuple[subprocess.Popen[bytes], float]", ask: Callable[[], httpx.Response]) -> None:
    """Ask until there is an answer."""
    process, begun = started
    while process.poll() is None:
        try:
            if ask().status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.02)
    seconds = time.monotonic() - begun
    print(f"{name}: {seconds:.1f} s to the first answer, {_memory(process.pid):.0f} MB", flush=True)


def _single(name: str, photos: list[Path], ask: Callable[[Path], object]) -> None:
    """Ask for photos one after the other."""
    times = []
    for photo in [photos[number % len(photos)] for number in range(SINGLE)]:
        begun = time.perf_counter()
        ask(photo)
        times.append((time.perf_counter() - begun) * 1000)
    p50, p95 = statistics.median(times), sorted(times)[int(0.95 * len(times))]
    print(f"{name}: one photo at a time p50 {p50:.1f} ms, p95 {p95:.1f} ms", flush=True)


def _single_rest(name: str, address: str, photos: list[Path]) -> None:
    with httpx.Client(trust_env=False) as client:
        _single(name, photos, lambda photo: _rest(address, photo, client))


def _single_gradio(name: str, address: str, photos: list[Path]) -> None:
    client = Client(address, verbose=False)
    _single(name, photos, lambda photo: client.predict(handle_file(photo), api_name="/predict"))


def _loads(
    name: str,
    started: "tuple[subprocess.Popen[bytes], float]",
    asked: argparse.Namespace,
    photos: list[Path],
    ask: Callable[[httpx.Client, Path], httpx.Response],
) -> None:
    process, _ = started
    for clients in CLIENTS:
        load = _load(clients, asked.seconds, photos, ask)
        print(
            f"{name}, {clients} clients for {asked.seconds:.0f} s: {load.answered / asked.seconds:.1f} photos/s, "
            f"slowest {load.slowest:.1f} s; {load.refused} refused, the slowest after {load.slowest_refusal:.2f} s; "
            f"{load.failed} failed; {_memory(process.pid):.0f} MB",
            flush=True,
        )


def _load(
    clients: int, seconds: float, photos: list[Path], ask: Callable[[httpx.Client, Path], httpx.Response]
) -> Load:
    answers: list[tuple[int, float]] = []
    end = time.monotonic() + seconds

    def visit(number: int) -> None:
        mine = cycle(photos[number % len(photos) :] + photos[: number % len(photos)])
        with httpx.Client(trust_env=False, timeout=120) as client:
            while time.monotonic() < end:
                begun = time.monotonic()
                status = _status(ask, client, next(mine))
                answers.append((status, time.monotonic() - begun))
                if status == 503:
                    time.sleep(1)  # as it is told to, about

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    of = {kind: [s for status, s in answers if kind(status)] for kind in (_is_answer, _is_refusal, _is_failure)}
    return Load(
        len(of[_is_answer]),
        len(of[_is_refusal]),
        len(of[_is_failure]),
        max(of[_is_answer], default=0.0),
        max(of[_is_refusal], default=0.0),
    )


def _is_answer(status: int) -> bool:
    return status == 200


def _is_refusal(status: int) -> bool:
    return status == 503


def _is_failure(status: int) -> bool:
    return status not in (200, 503)


def _status(ask: Callable[[httpx.Client, Path], httpx.Response], client: httpx.Client, photo: Path) -> int:
    try:
        return ask(client, photo).status_code
    except httpx.HTTPStatusError as error:
        return error.response.status_code
    except httpx.TransportError:
        return 0


def _rest(address: str, photo: Path, client: httpx.Client | None = None) -> httpx.Response:
    post = client.post if client else httpx.post
    return post(f"{address}/predict", files={"image": photo.read_bytes()})


def _gradio(address: str, photo: Path, client: httpx.Client | None = None) -> httpx.Response:
    """Upload, ask and listen, as Gradio's clients do."""
    with httpx.Client(trust_env=False, timeout=120) if client is None else _open(client) as opened:
        upload = opened.post(f"{address}/gradio_api/upload", files={"files": (photo.name, photo.read_bytes())})
        upload.raise_for_status()
        data = [{"path": upload.json()[0], "meta": {"_type": "gradio.FileData"}}]
        asked = opened.post(f"{address}/gradio_api/call/predict", json={"data": data})
        asked.raise_for_status()
        answer = opened.get(f"{address}/gradio_api/call/predict/{asked.json()['event_id']}")
        if "event: complete" not in answer.text:
            answer.status_code = 500
        return answer


@contextmanager
def _open(client: httpx.Client) -> Iterator[httpx.Client]:
    yield client


def _left(uploads: Path) -> None:
    """Say how long it takes until no upload is left."""
    begun = time.monotonic()
    while any(path.is_file() for path in uploads.rglob("*")) and time.monotonic() < begun + 200:
        time.sleep(1)
    left = sum(path.is_file() for path in uploads.rglob("*"))
    print(f"uploads left {time.monotonic() - begun:.0f} s after the last load: {left}", flush=True)


def _memory(pid: int) -> float:
    """Return the resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _forms(name: str, model: Path, photos: list[Path]) -> None:
    """Time one photo through fastai's predict, and its decoding and the bare network of model.onnx."""
    from recognizer.serve.classifier import Classifier

    classifier, plain = Classifier(model), _learner(model)
    session, size = open_session(model / "model.onnx"), read_facts(model)["preprocessing"]["size"]
    data = [photo.read_bytes() for photo in photos]
    pixels = squish(read_picture(data[0]), size)[None].astype(np.float32) / 255
    ways: dict[str, Callable[[bytes], object]] = {
        "fastai's predict": lambda photo: plain(photo),
        "Classifier.predict": lambda photo: classifier.predict(photo),
        "decoding alone": lambda photo: squish(read_picture(photo), size),
        "the network alone": lambda photo: session.run(None, {"pixels": pixels}),
    }
    times: dict[str, list[float]] = {way: [] for way in ways}
    for photo in data:  # in turn, so that all meet the same machine
        for way, run in ways.items():
            begun = time.perf_counter()
            run(photo)
            times[way].append((time.perf_counter() - begun) * 1000)
    print(f"{name}: " + ", ".join(f"{way} {statistics.median(each):.1f} ms" for way, each in times.items()), flush=True)


def _learner(model: Path) -> Callable[[bytes], object]:
    import recognizer.networks.torchvision_cure  # noqa: F401

    from fastai.learner import load_learner

    learner = load_learner(model / "learner.pkl")
    return lambda photo: learner.predict(photo)


def _random_resnet(scratch: Path) -> Path:
    """Return the model folder of a resnet34 at 224 pixels with random weights, for a few drawn photos."""
    import torch
    import torchvision

    from recognizer.collect.collect import collect
    from recognizer.evaluate.evaluate import evaluate
    from recognizer.export.export import export
    from recognizer.recipe import load_recipe
    from recognizer.store.photo_store import PhotoStore
    from recognizer.train.train import train
    from tests.conftest import write_tiny_recipe

    weights = scratch / "resnet34.pth"
    torch.save(torchvision.models.resnet34().state_dict(), weights)
    recipe = load_recipe(write_tiny_recipe(scratch))
    settings = {"backbone": "resnet34", "weights": str(weights), "size": 224, "tuned": 0.0, "epochs": 0}
    recipe = recipe.model_copy(update={"train": recipe.train.model_copy(update=settings)})
    work = scratch / "work"
    shutil.rmtree(work, ignore_errors=True)
    with PhotoStore(work, recipe.labels) as store:
        for stage in (collect, train, evaluate, export):
            stage(recipe, store)
    assert json.loads((work / "model" / "model.json").read_text())["preprocessing"]["size"] == 224
    return work / "model"


if __name__ == "__main__":
    main()
