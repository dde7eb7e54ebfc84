"""What the model card says of the TFLite files: how they are asked, by hand."""

from collections.abc import Mapping
from typing import Any

_TFLITE = """
`model.tflite` is for phones and small boards: the photo as uint8, (1, {size}, {size}, 3), RGB from 0 to 255 and nothing
done to it, to uint8, where 256 steps are a probability of 1. Its weights have eight bits; it computes in floats, so it
is not for chips that know whole numbers only. The likeliest class is always one step ahead. The labels are in the file:
unzip it, or let MediaPipe or Android Studio read its metadata. `model.float32.tflite` takes the same and gives float32.

```python
import numpy as np
from PIL import Image
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter("model.tflite")
interpreter.allocate_tensors()
(photo,), outputs = interpreter.get_input_details(), interpreter.get_output_details()
pixels = Image.open("photo.jpg").convert("RGB").resize(({size}, {size}), Image.Resampling.BILINEAR)
interpreter.set_tensor(photo["index"], np.asarray(pixels)[None])
interpreter.invoke()
for output in outputs:
    scale, zero = output["quantization"]
    print((interpreter.get_tensor(output["index"])[0].astype(float) - zero) * scale)
```
"""


def tflite_use(size: int, forms: Mapping[str, Any]) -> str:
    """Return how the TFLite files are used; nothing where there are none.

    Args:
        size: pixels, the side of the square that they take.
        forms: by their files.
    """
    return _TFLITE.format(size=size) if "model.tflite" in forms else ""
