"""The Space on ZeroGPU, which keeps no Space without a function that is marked for a GPU; answers need no GPU."""

import app
import spaces


@spaces.GPU  # type: ignore[untyped-decorator]
def on_a_gpu() -> None:
    """Do nothing: this is the mark that ZeroGPU looks for."""


def report(address: str) -> None:
    """Tell ZeroGPU that the Space has started; `spaces` does so by itself only where Gradio's launch() is called."""
    app.say(address)
    if hasattr(spaces.zero, "startup"):  # only on ZeroGPU
        spaces.zero.startup()


if __name__ == "__main__":
    app.run(report)
