//! The nouns of Creta: values, features, entities, resolvers, sources, the durable bundle, the graph and the letters.
//!
//! What is absent: time, I/O, tasks, Arrow arrays. Everything here is plain data and pure functions over it.

pub mod bundle;
pub mod data_type;
pub mod diff;
pub mod duration;
pub mod errors;
pub mod expression;
pub mod graph;
mod incremental;
pub mod observation;
mod resolver;
pub mod value;

pub use bundle::Bundle;
pub use data_type::DataType;
pub use errors::{Code, Letter, Place};
pub use expression::Expression;
pub use graph::{EntityId, FeatureId, Graph, ResolverId};
pub use value::Value;
