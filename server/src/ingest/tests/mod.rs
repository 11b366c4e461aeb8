mod exchange;
mod log_level;
mod quarantine;
mod rights;
mod safety;
