"""Probabilities that mean what they say: out-of-fold logits go in, temperature, threshold and limit come out.

Call `calibrate(logits, labels)` in calibrate.py. What serving needs of it is in abstain.py, which imports numpy alone.

    abstain.py      when the answer is "not sure": too unlikely, or out of distribution by its energy
    calibrate.py    temperature scaling, the threshold for "not sure", and the calibration error (ECE)
"""
