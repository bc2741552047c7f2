//! What a run of worlds compared, and how often each rule decided an answer.

use creta_testkit::oracle::{Answer, Refusal, Rule};
use std::fmt;

/// So many worlds must have made every rule decide often enough.
pub const ENOUGH: u64 = 200;
/// Answers that each rule must have decided.
const LEAST: usize = 20;

#[derive(Debug, Default)]
pub struct Tally {
    pub cells: usize,
    /// Questions that both sides refused.
    pub refused: usize,
    /// Cells sampled again as known then.
    pub as_known: usize,
    /// Cells recomputed as of then.
    pub recomputed: usize,
    /// Answers that stood for something absent, which history does not hold.
    pub stood_in: usize,
    /// In the order of [`Rule::ALL`].
    pub decided: [usize; 12],
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.cells += other.cells;
        self.refused += other.refused;
        self.as_known += other.as_known;
        self.recomputed += other.recomputed;
        self.stood_in += other.stood_in;
        self.decided.iter_mut().zip(other.decided).for_each(|(sum, more)| *sum += more);
    }

    /// Fails when a rule decided too little: a mistake in it could pass unseen.
    pub fn check(&self) {
        let rare = Rule::ALL.into_iter().zip(self.decided).filter(|(_, decided)| *decided < LEAST);
        let rare: Vec<String> = rare.map(|(rule, decided)| format!("{}: {decided}", rule.words())).collect();
        assert!(rare.is_empty(), "rules that decided fewer than {LEAST} answers: {}", rare.join(", "));
        assert!(self.as_known >= LEAST && self.recomputed >= LEAST, "too few answers were replayed: {self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (rule, decided) in Rule::ALL.into_iter().zip(self.decided) {
            writeln!(f, "{decided:7} answers decided by: {}", rule.words())?;
        }
        let Tally { refused, as_known, recomputed, stood_in, .. } = self;
        writeln!(
            f,
            "{refused} questions refused by both; {as_known} answers sampled again as known then ({stood_in} that \
             stood for something absent excepted), {recomputed} recomputed as of then"
        )
    }
}

/// How many answers differ; a refusal differs from every answer.
pub fn differences(right: &Result<Vec<Answer>, Refusal>, other: &Result<Vec<Answer>, Refusal>) -> usize {
    match (right, other) {
        (Ok(right), Ok(other)) => right.iter().zip(other).filter(|(right, other)| right != other).count(),
        (Err(right), Err(other)) => usize::from(right.code() != other.code()),
        _ => 1,
    }
}
