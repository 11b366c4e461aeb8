//! The core in a browser: newtypes and conversions, nothing else.
//!
//! A worker owns the store, the key, the clock and the network, and drives [`device::Core`] as
//! [`sync_core::device`] says. The TypeScript types of everything that crosses are made from the types here.
//!
//! A panic ends the instance: bytes of a peer never cause one, and for what nobody foresaw the worker makes a new
//! instance from its store.

#![expect(clippy::needless_pass_by_value, reason = "what comes from JavaScript is owned")]
#![expect(clippy::missing_errors_doc, reason = "every call throws a `Fault`, which says what is wrong")]

pub mod device;
pub mod fault;
pub mod form;
pub mod line;
pub mod record;
pub mod statement;
pub mod stored;
pub mod words;
