mod exchange;
mod log_level;
mod quarantine;
mod safety;
