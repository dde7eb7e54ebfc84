"""How wrong labels come about: some share of them is wrong, and a wrong one may be any other class.

Temperature and share are those under which the labels at hand are likeliest, given out-of-fold discriminants (Guo et
al., 2017, https://arxiv.org/abs/1706.04599, for the temperature; uniform label noise for the share). So the
probabilities fit the photos at hand, and nothing has to be set.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax

from recognizer.calibration.calibrate import Labels
from recognizer.networks.lda import Floats


@dataclass(frozen=True)
class LabelNoise:
    """Fitted noise.

    Args:
        temperature: what discriminants are divided by.
        share: of the labels that are wrong, from 0 to 1.
        likelihood: the mean log likelihood of the labels.
    """

    temperature: float
    share: float
    likelihood: float

    def true_class(self, discriminants: Floats, labels: Labels) -> Floats:
        """Return each photo's probabilities of truly being of each class, its label taken into account.

        Args:
            discriminants: (n, classes).
            labels: the labels, (n,).

        Returns:
            Probabilities, (n, classes).
        """
        classes = discriminants.shape[1]
        evidence = log_softmax(discriminants / self.temperature, axis=1)
        evidence += np.log(self.share / (classes - 1))
        rows = np.arange(len(labels))
        evidence[rows, labels] += np.log1p(-self.share) - np.log(self.share / (classes - 1))
        probabilities: Floats = softmax(evidence, axis=1)
        return probabilities


def fit_noise(discriminants: Floats, labels: Labels, least: float = 1.0) -> LabelNoise:
    """Fit the noise to labels.

    Args:
        discriminants: as `cross_validation.out_of_fold` gives them, (n, classes).
        labels: the labels, (n,).
        least: temperature that may be; where few photos are all easily told apart, none would be the likeliest.
    """

    def surprise(values: npt.NDArray[np.float64]) -> float:
        return -_likelihood(discriminants, labels, float(np.exp(values[0])), float(expit(values[1])))

    best = minimize(
        surprise,
        x0=np.array([1.0, -2.0]),
        method="Nelder-Mead",
        # From there on, where as many labels are wrong as random ones would be, labels tell against their own class.
        bounds=[(np.log(least), None), (None, np.log(discriminants.shape[1] - 1))],
        options={"maxiter": 200, "xatol": 0.01},
    )
    return LabelNoise(float(np.exp(best.x[0])), float(expit(best.x[1])), -float(best.fun))


def _likelihood(discriminants: Floats, labels: Labels, temperature: float, share: float) -> float:
    own = softmax(discriminants / temperature, axis=1)[np.arange(len(labels)), labels]
    return float(np.log((1 - share) * own + share / (discriminants.shape[1] - 1) * (1 - own) + 1e-12).mean())
