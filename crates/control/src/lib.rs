//! Who may, what is deployed, what was uploaded: clients, tokens, signed links, deployments and source archives.
//!
//! What is absent: planning (the check of a bundle is handed in), HTTP, tasks.

pub mod archives;
pub mod clients;
pub mod deployments;
pub mod links;
mod secret;
pub mod tokens;

pub use archives::Archives;
pub use clients::{Clients, NewClient};
pub use deployments::{Deployments, Proposal};
pub use links::{Links, Purpose};
pub use tokens::{Issued, Tokens};
