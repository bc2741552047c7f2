//! Every observation, for ever.

pub mod delta;
