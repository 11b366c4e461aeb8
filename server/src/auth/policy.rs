//! How long things last and how often they may be tried.

use std::time::Duration;

use crate::config::Config;

/// The limits of authentication. Lives come from the configuration; the rest is fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// An access token. Ten minutes: nothing is lost when it ends, the device asks for the next by its key.
    pub token_life: Duration,
    /// A sign-in, counted from the last contact; then the password is asked for once. Default 90 days.
    pub sign_in_life: Duration,
    /// A certificate; renewed at a contact past half its life. Default 400 days, so that a device that was out of
    /// reach for a year still records.
    pub certificate_life: Duration,
    /// An enrolment code, unless its issuer says otherwise. Default 3 days.
    pub code_life: Duration,
    /// The longest an issuer may ask for. Default 30 days.
    pub longest_code_life: Duration,
    /// Attempts to sign in per account within [`Policy::window`]. Default 10.
    pub attempts_per_account: u32,
    /// Attempts to sign in or enrol per network address within [`Policy::window`]. Default 60: a headquarters is
    /// behind one address.
    pub attempts_per_address: u32,
    /// The window attempts are counted in. Default 15 minutes.
    pub window: Duration,
    /// How long a process may believe what it read of keys and lineage. Default 15 seconds: so long may a key that
    /// was retired elsewhere still be believed. Sign-ins, devices and accounts are never cached.
    pub cache: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for Policy {
    fn default() -> Self {
        Self {
            token_life: Duration::from_secs(600),
            sign_in_life: 90 * DAY,
            certificate_life: 400 * DAY,
            code_life: 3 * DAY,
            longest_code_life: 30 * DAY,
            attempts_per_account: 10,
            attempts_per_address: 60,
            window: Duration::from_secs(15 * 60),
            cache: Duration::from_secs(15),
        }
    }
}

impl Policy {
    /// The limits under these settings.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            token_life: Duration::from_secs(60 * u64::from(config.access_token_minutes)),
            sign_in_life: config.sign_in_days * DAY,
            certificate_life: config.certificate_days * DAY,
            code_life: Duration::from_secs(3600 * u64::from(config.enrolment_code_hours)),
            ..Self::default()
        }
    }
}
