//! The rules of the specification that can be left out of the oracle, one at a time.
//!
//! An oracle without a rule is a planted mistake: wherever its answer differs from the whole oracle's, that rule decided
//! the answer, and a product with the same mistake would have been caught there.

/// A rule whose absence must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// An observation counts at its own instant. Left out: only after it.
    InclusivePointInTime,
    /// Rows of a class with feature time are bounded by now, those of others are not. Left out: none are.
    ImplicitBound,
    /// Age is measured from the observation. Left out: from the write.
    StalenessByObservation,
    /// An older observation does not replace a newer one online. Left out: the last write stands.
    NewestWins,
    /// A list of features to recompute leaves everything else sampled. Left out: everything is recomputed.
    ModesOfRecompute,
    /// The edges of a window are the operators that the user wrote. Left out: strict and inclusive are exchanged.
    WindowEdges,
    /// `count` counts nulls, `sum` of nothing is 0. Left out: nulls are not counted, nothing has no sum.
    NullAndEmptyAggregates,
    /// Offline resolvers are preferred offline, then those with the most tags. Left out: the first one declared.
    ResolverChoice,
    /// Behind an optional relationship absence is null. Left out: it blocks.
    OptionalThroughHasOne,
    /// A failed input is not a null input. Left out: it is.
    FailedIsNotNull,
    /// A default stands for absence, never for a failure. Left out: for both.
    DefaultsNeverMaskFailures,
    /// Of several rows with one key the last one in source order stands. Left out: the first.
    DuplicateKeys,
}

impl Rule {
    pub const ALL: [Rule; 12] = [
        Rule::InclusivePointInTime,
        Rule::ImplicitBound,
        Rule::StalenessByObservation,
        Rule::NewestWins,
        Rule::ModesOfRecompute,
        Rule::WindowEdges,
        Rule::NullAndEmptyAggregates,
        Rule::ResolverChoice,
        Rule::OptionalThroughHasOne,
        Rule::FailedIsNotNull,
        Rule::DefaultsNeverMaskFailures,
        Rule::DuplicateKeys,
    ];

    /// In words, for people who read the summary of a run.
    pub fn words(self) -> &'static str {
        match self {
            Rule::InclusivePointInTime => "inclusive point-in-time per feature",
            Rule::ImplicitBound => "implicit bound only for classes with feature time",
            Rule::StalenessByObservation => "staleness by observation time",
            Rule::NewestWins => "newest-wins online writes",
            Rule::ModesOfRecompute => "modes of recompute_features",
            Rule::WindowEdges => "window edges as the user wrote them",
            Rule::NullAndEmptyAggregates => "null and empty aggregates",
            Rule::ResolverChoice => "resolver choice order and ambiguity",
            Rule::OptionalThroughHasOne => "optionality through optional has-one",
            Rule::FailedIsNotNull => "failed versus null inputs",
            Rule::DefaultsNeverMaskFailures => "defaults never mask failures",
            Rule::DuplicateKeys => "duplicate keys",
        }
    }
}
