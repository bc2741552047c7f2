//! Runs plans: the same stages for one row and for millions, over Arrow columns.
//!
//! The front doors are [`Engine::online`], [`Engine::offline`], [`Engine::list`], [`Engine::upload`] and
//! [`Engine::remove`].

mod answer;
mod context;
mod deployment;
mod duplicates;
pub mod evaluate;
pub mod files;
mod frame;
pub mod kernels;
mod listing;
mod observe;
mod record;
mod remove;
mod request;
mod run;
mod scans;
mod scope;
mod spine_sql;
mod stages;
mod stores;
mod upload;
mod validation;

pub use creta_plan::Explanation;
pub use deployment::Deployment;
pub use listing::{Extent, Listed, ListedColumn};
pub use remove::Unwanted;
pub use request::{Answer, Origin, Output, Request, Times};
pub use run::{Engine, Stores};
pub use scans::{HistoryBounds, Run};
pub use spine_sql::spine_rows;
