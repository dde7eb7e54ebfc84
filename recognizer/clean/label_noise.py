"""How wrong labels come about: some share of them is wrong, and a wrong one may be any other class.

Where it is rather some classes that are listed as some others, see pair_noise.py.

Temperature and share are those under which the labels at hand are likeliest, given out-of-fold discriminants (Guo et
al., 2017, https://arxiv.org/abs/1706.04599, for the temperature; uniform label noise for the share). So the
probabilities fit the photos at hand, and nothing has to be set.

Rules have to be right more often than such probabilities say they are, for two reasons. Few photos leave open how many
labels are wrong and how many are only hard to tell: `least_wrong` takes of all the noise that the labels do not speak
against the one under which a label is wrong least. And some photos look like another class although their labels are
right by whoever gave them; no look at labels tells these from wrong ones, so that a share of them is allowed for.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax
from scipy.stats import chi2

from recognizer.calibration.calibrate import Labels
from recognizer.networks.lda import Floats

LEAST_SHARE = 0.01  # fewer wrong labels than that cannot be told from none, and with none no label is less likely
ODD = 0.005  # of the photos, with a right label, may look like anything
CONFIDENCE = 0.9  # that the noise is among that which the labels do not speak against
TEMPERATURES = np.geomspace(1, 20, 25)  # to choose from
SHARES = np.arange(LEAST_SHARE, 1, 0.01)


@dataclass(frozen=True)
class LabelNoise:
    """Fitted noise.

    Args:
        temperature: what discriminants are divided by.
        transitions: how often photos of each class are listed under each class, (true classes, labels).
        likelihood: the mean log likelihood of the labels.
    """

    temperature: float
    transitions: Floats
    likelihood: float

    @property
    def share(self) -> float:
        """Of the labels that are wrong, from 0 to 1, each class counting alike."""
        return float(1 - self.transitions.diagonal().mean())

    def true_class(self, discriminants: Floats, labels: Labels) -> Floats:
        """Return each photo's probabilities of truly being of each class, its label taken into account.

        Args:
            discriminants: (n, classes).
            labels: the labels, (n,).

        Returns:
            Probabilities, (n, classes).
        """
        evidence = log_softmax(discriminants / self.temperature, axis=1) + self.told_by(labels)
        probabilities: Floats = softmax(evidence, axis=1)
        return probabilities

    def told_by(self, labels: Labels) -> Floats:
        """Return the log likelihood of each label for each true class, (n, classes)."""
        told: Floats = np.log(self.transitions).T[labels]
        return told


def uniform(share: float, classes: int) -> Floats:
    """Return the transitions, (classes, classes), of wrong labels that may be any other class."""
    return np.where(np.eye(classes, dtype=bool), 1 - share, share / (classes - 1))


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
    transitions = uniform(max(float(expit(best.x[1])), LEAST_SHARE), discriminants.shape[1])
    return LabelNoise(float(np.exp(best.x[0])), transitions, -float(best.fun))


def _likelihood(discriminants: Floats, labels: Labels, temperature: float, share: float) -> float:
    own = softmax(discriminants / temperature, axis=1)[np.arange(len(labels)), labels]
    return _likelihood_of(own, share, discriminants.shape[1])


def _likelihood_of(own: Floats, share: float, classes: int) -> float:
    """Return the mean log likelihood of labels, by how likely each photo's look makes its own class."""
    return float(np.log((1 - share) * own + share / (classes - 1) * (1 - own) + 1e-12).mean())


def least_wrong(discriminants: Floats, labels: Labels, taught: npt.NDArray[np.bool_]) -> Floats:
    """Return the least probability that each label is wrong, (n,), under noise that labels do not speak against.

    That noise is what a likelihood ratio does not reject (Wilks, 1938, https://doi.org/10.1214/aoms/1177732360).

    Args:
        discriminants: as `cross_validation.out_of_fold` gives them, (n, classes).
        labels: the labels, (n,).
        taught: which of them tell the noise, (n,).
    """
    classes, rows = discriminants.shape[1], np.arange(len(labels))
    shares = SHARES[(classes - 1) / classes > SHARES]
    looks = np.array([softmax(discriminants / temperature, axis=1)[rows, labels] for temperature in TEMPERATURES])
    looks = (1 - ODD) * looks + ODD / classes
    likelihoods = np.array([[_likelihood_of(own[taught], share, classes) for share in shares] for own in looks])
    near = taught.sum() * (likelihoods.max() - likelihoods) <= chi2.ppf(CONFIDENCE, 2) / 2
    # The fewer labels are wrong, the less likely this one is.
    careful = [(own, shares[kept.argmax()]) for own, kept in zip(looks, near, strict=True) if kept.any()]
    least_of_all: Floats = np.min([_wrong(own, share, classes) for own, share in careful], axis=0)
    return least_of_all


def _wrong(own: Floats, share: float, classes: int) -> Floats:
    """Return how likely each label is wrong, (n,), by how likely a photo's look makes its own class."""
    others = share / (classes - 1) * (1 - own)
    wrong: Floats = others / ((1 - share) * own + others)
    return wrong
