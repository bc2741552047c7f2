//! Generated worlds: definitions, facts and questions drawn at random, for comparing the product with the oracle.
//!
//! The grid of times is coarse and the keys are few, so that ties, edges of windows, late, back-dated and future facts
//! happen all the time.

mod definitions;
mod facts;
mod functions;
mod python;
mod questions;
mod relationships;
mod windows;

use crate::oracle::{Facts, Recompute, Terms};
use creta_model::{Bundle, Value};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;

pub use functions::call as call_python;

pub const MINUTE: i64 = 60_000_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// Facts lie on it, and most questions too.
pub const GRID: i64 = 2 * HOUR;

/// The middle of all times: 2026-01-10T00:00:00Z.
pub const EPOCH: i64 = 1_768_003_200_000_000;

/// How large a world may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub entities: usize,
    /// Rows of each SQL resolver.
    pub rows: usize,
    pub steps: usize,
}

impl Size {
    pub const FULL: Size = Size { entities: 4, rows: 14, steps: 24 };

    /// Smaller ones, smallest first, to look for a small world that fails with the same seed.
    pub fn smaller() -> impl Iterator<Item = Size> {
        let entities = (1..=4).flat_map(|entities| [2, 6, 14].map(|rows| (entities, rows)));
        entities.flat_map(|(entities, rows)| [2, 4, 8, 16, 24].map(|steps| Size { entities, rows, steps }))
    }
}

/// A project, what its sources hold, and what is done to it.
#[derive(Debug, Clone)]
pub struct World {
    pub bundle: Bundle,
    /// The statements that make the SQLite file of the source `facts`.
    pub script: String,
    /// What the SQL resolvers list, for the oracle.
    pub facts: Facts,
    pub steps: Vec<Act>,
    /// Every source is time-stamped, nothing is cached, uploaded or computed offline only: what was answered at an
    /// instant can be recomputed as of that instant.
    pub is_time_stamped: bool,
}

/// Columns by fully qualified name.
pub type Columns = BTreeMap<String, Vec<Value>>;

/// One thing that happens. Times are microseconds since the epoch and never decrease from step to step.
#[derive(Debug, Clone)]
pub enum Act {
    Upload { at: i64, values: Columns },
    Ask { at: i64, given: BTreeMap<String, Value>, outputs: Vec<String>, now: Option<i64>, terms: Terms },
    Train { given: Columns, times: Vec<i64>, outputs: Vec<String>, recompute: Recompute, terms: Terms },
}

impl World {
    pub fn generate(seed: u64, size: Size) -> World {
        let mut dice = Dice(StdRng::seed_from_u64(seed));
        let is_time_stamped = dice.chance(25);
        let project = definitions::draw(&mut dice, size, is_time_stamped);
        let (script, facts) = facts::draw(&mut dice, &project, size.rows);
        let steps = questions::draw(&mut dice, &project, size.steps);
        World { bundle: project.bundle(), script, facts, steps, is_time_stamped }
    }
}

/// Random choices.
pub(crate) struct Dice(StdRng);

impl Dice {
    /// True in so many of a hundred cases.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.0.random_range(0..100) < percent
    }

    /// From 0 to `end` - 1.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        self.0.random_range(first..=last)
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.0.random_range(0..items.len())]
    }

    /// An instant on the grid, around the time at which questions are asked.
    pub fn instant(&mut self) -> i64 {
        EPOCH + self.between(-13, 7) * GRID
    }
}
