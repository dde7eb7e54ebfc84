"""Whether a published folder starts as it would on Hugging Face or in a container, and how quickly.

    python -m benchmarks.spaces FOLDER --python python3.12 [--program zero.py]

makes a virtual environment that holds only what the folder's requirements.txt asks for, starts the program in it, waits
until /healthz answers, asks it about an example, runs the Dockerfile's health check where there is one, and ends it.
With zero.py it also plays the part of ZeroGPU, and tells what was reported to it. Where root runs it on Linux, the
program has what compose.yaml gives it: user 1000, no capabilities, a read-only root and an empty /tmp.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

# What a container has: unshare and setpriv are of util-linux.
BARE = """mount -o remount,bind,ro / && mount -t tmpfs tmpfs /tmp && exec setpriv --reuid 1000 --regid 1000 \\
    --clear-groups --no-new-privs --bounding-set -all "$@" """
PATIENCE = 60.0  # seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default="python3")
    parser.add_argument("--program", default="app.py")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="space-", dir="/var/tmp") as place:
        print(json.dumps(measure(asked.folder, asked.python, asked.program, Path(place)), indent=2))


def measure(folder: Path, python: str, program: str, place: Path) -> dict[str, Any]:
    place.chmod(0o755)
    space = Path(shutil.copytree(folder, place / "space"))
    interpreter, seconds = install(space, python, place / "env")
    result: dict[str, Any] = {"python": said(interpreter, "--version"), "seconds to install": seconds}
    result["megabytes installed"] = round(sum(f.lstat().st_size for f in (place / "env").rglob("*")) / 1e6)
    result["has torch"] = bool(list((place / "env").glob("lib/*/site-packages/torch")))
    with zero_gpu() as (told, environment):
        return {**result, **ask(space, interpreter, program, environment), "reports to ZeroGPU": told}


def install(space: Path, python: str, environment: Path) -> tuple[Path, float]:
    begun = time.monotonic()
    subprocess.run([python, "-m", "venv", environment], check=True)
    pip: list[str | Path] = [
        environment / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--quiet",
        "--no-cache-dir",
    ]
    subprocess.run([*pip, "--disable-pip-version-check", "--requirement", space / "requirements.txt"], check=True)
    return environment / "bin" / "python", round(time.monotonic() - begun, 1)


def ask(space: Path, interpreter: Path, program: str, more: dict[str, str]) -> dict[str, Any]:
    """Start the program, and return how long it took, what it answers, and how it ended."""
    port = free_port()
    environment = {
        **{
            "PATH": "/usr/bin:/bin",
            "HOME": "/tmp",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
            "GRADIO_ANALYTICS_ENABLED": "False",
        },
        **{
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(port),
            **(more if program == "zero.py" else {}),
        },
    }
    begun = time.monotonic()
    bare = ["unshare", "--mount", "sh", "-c", BARE, "sh"] if os.getuid() == 0 else []
    with subprocess.Popen([*bare, interpreter, program], cwd=space, env=environment) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            health = wait_for(f"{address}/healthz", process)
            result = {"seconds to start": round(time.monotonic() - begun, 1), "health": health}
            result["answer"] = classify(address, next((space / "model" / "examples").glob("*.jpg")))
            result["health check"] = health_check(space, interpreter, environment, port)
        finally:
            process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        return {**result, "exit code at SIGTERM": process.returncode}


def wait_for(address: str, process: subprocess.Popen[bytes]) -> Any:
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() - begun < PATIENCE:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return json.load(answer)
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"It did not answer at {address} in {PATIENCE:.0f} s.")


def classify(address: str, photo: Path) -> Any:
    mark = "mark"
    head = f'--{mark}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'.encode()
    body = head + photo.read_bytes() + f"\r\n--{mark}--\r\n".encode()
    request = urllib.request.Request(
        f"{address}/predict", body, {"Content-Type": f"multipart/form-data; boundary={mark}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["label"]


def health_check(space: Path, interpreter: Path, environment: dict[str, str], port: int) -> int | None:
    """Run the HEALTHCHECK of a Dockerfile, and return its exit code."""
    file = space / "Dockerfile"
    if not file.is_file():
        return None
    text = file.read_text().partition("HEALTHCHECK")[2].partition("CMD ")[2].partition("\n")[0]
    _, *words = json.loads(text.replace("7860", str(port)))
    return subprocess.run([interpreter, *words], env=environment, check=False).returncode


@contextmanager
def zero_gpu() -> Iterator[tuple[list[str], dict[str, str]]]:
    """Play the part of ZeroGPU; give what is reported to it, and what it sets in the environment."""
    told: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield told, {"SPACES_ZERO_GPU": "true", "SPACES_ZERO_DEVICE_API_URL": address}
    server.shutdown()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def said(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
