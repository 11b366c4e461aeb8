mod bounds;
mod exchange;
mod foreseen;
mod log_level;
mod quarantine;
mod revocation;
mod rights;
mod safety;
