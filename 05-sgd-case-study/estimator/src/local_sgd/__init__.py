"""Logistic regression by local SGD, on all cores: LocalSGDClassifier, for scikit-learn."""

from local_sgd._classifier import LocalSGDClassifier

__all__ = ["LocalSGDClassifier"]
