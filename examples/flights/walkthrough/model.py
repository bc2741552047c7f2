"""Trains a delay model on January to September and tests it on October to December."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from walkthrough.spine import Question

LAST_TRAINING_MONTH = 9

# A model whose features carry no signal beyond the airline's name is no proof of anything.
NEEDED_GAIN = 0.03


@dataclass(frozen=True)
class Score:
    """Areas under the ROC curve on the test months: 0.5 is guessing, 1.0 is clairvoyance."""

    training_rows: int
    test_rows: int
    late_share: float
    baseline: float
    model: float

    @property
    def gain(self) -> float:
        return self.model - self.baseline


def evaluate(inputs: pd.DataFrame, questions: Sequence[Question]) -> Score:
    """`inputs` has one row per question, in the same order, and only columns that the model may see."""
    late = pd.Series([question.late for question in questions])
    carrier = pd.Series([question.carrier for question in questions])
    train = pd.Series([question.month for question in questions]) <= LAST_TRAINING_MONTH
    table = inputs.reset_index(drop=True).astype(float)

    # The baseline knows how often each airline is late, and nothing else.
    rates = late[train].groupby(carrier[train]).mean()
    baseline = carrier[~train].map(rates).fillna(late[train].mean())

    classifier = HistGradientBoostingClassifier(
        max_iter=200,
        learning_rate=0.06,
        max_leaf_nodes=15,
        min_samples_leaf=60,
        l2_regularization=1.0,
        random_state=0,
    )
    classifier.fit(table[train], late[train])
    foreseen = classifier.predict_proba(table[~train])[:, 1]
    return Score(
        training_rows=int(train.sum()),
        test_rows=int((~train).sum()),
        late_share=float(late.mean()),
        baseline=float(roc_auc_score(late[~train], baseline)),
        model=float(roc_auc_score(late[~train], foreseen)),
    )
