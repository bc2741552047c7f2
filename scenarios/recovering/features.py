"""What stands in for a feature that could not be computed, and what does not."""

import creta.functions as F
from creta import online
from creta.features import Primary, _, feature, features, has_one
from creta.sql import SQLiteSource

facts = SQLiteSource(name="facts", filename="facts.db")


@features
class Loan:
    id: Primary[int]
    amount: int
    score: int
    borrower_id: int
    borrower: "Borrower" = has_one(lambda: Borrower.id == Loan.borrower_id)
    safe: int = F.recover(_.score, 0 - 1)
    doubled: int = F.recover(_.score * 2, _.amount)
    plain: int | None = F.coalesce(_.score, 0 - 1)
    age: int = F.recover(_.borrower.age, 18)
    rate: float = F.recover(100 / _.amount, 0.5)
    nothing: int | None = F.recover(_.score, _.borrower.age)


@features
class Borrower:
    id: Primary[int]
    age: int


@online
def score(amount: Loan.amount) -> Loan.score:
    if amount < 10:
        raise ValueError("too small")
    return amount + 1
