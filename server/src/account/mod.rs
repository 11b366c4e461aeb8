//! Accounts: who they are, what they may do, where.

mod change;
pub mod cli;
pub mod permission;
pub mod post;
pub mod route;
mod store;

pub use change::{AccountError, Change, MOST_AREAS, NewAccount, change, create, folded_username, issue_code};
pub use store::{Account, find, find_by_username, list, password_hash};
pub(crate) use store::{area_of, put_back, role_of};
