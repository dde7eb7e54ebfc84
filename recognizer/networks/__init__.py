"""Pretrained networks, and what they make of photos: photos go in, features or predictions come out.

Call `load_backbone(name)`, then `extract(photos, extractor, work)` for features, which are kept in the work folder, or
`predict(network, backbone, photos, size)` for what a whole network says.

    torchvision_cure.py   lets torchvision import beside a CPU build of torch; comes before everything else
    device.py             the one device that networks and batches are on
    lda.py                linear discriminant analysis, and the closed-form head that it gives
    closed_form.py        the same of more features than photos
    stages.py             a network as a chain of stages, merged or cut in two
    layers.py             published networks without their classifiers
    weights.py            files of weights, and how they are put into a network
    backbone.py           pretrained networks, and where their weights come from
    head.py               the layers behind a backbone; grid.py: what the last of them is fitted to
    branch.py             a copy of the last layers, which is tuned beside them
    evidence.py           what each place of a picture adds to a logit
    augmentation.py       the augmented views of a photo
    extractors.py         what is extracted by frozen layers, and the key under which it is kept
    cache.py              the one cache of it: features/<key>/
    onnx_session.py       ONNX Runtime with as many threads as there are processors
    forward.py            the forward pass
"""
