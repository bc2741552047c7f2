//! Every observation, for ever.
