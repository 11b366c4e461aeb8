//! Passwords: argon2id, bounded in parallel, never in a log.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization;

use super::random;

/// Memory of one hash in KiB, passes and lanes: the OWASP recommendation for argon2id (19 MiB, 2, 1).
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Hashes computed at once: each takes 19 MiB, so that a storm of sign-ins takes at most 38 MiB.
const AT_ONCE: usize = 2;
/// Least number of characters of a new password.
pub const LEAST_CHARACTERS: usize = 10;
/// Most bytes of a password; a longer text is refused before it is hashed.
pub const MOST_BYTES: usize = 256;

/// A password in clear. Composed and decomposed accents are one password. Its debug form hides it; it is never serialised.
#[derive(Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = Password)]
pub struct Password(String);

impl Password {
    /// The clear text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is hashed: one phone writes `ệ` as one character, another as three.
    fn composed(&self) -> Vec<u8> {
        self.0.nfc().collect::<String>().into_bytes()
    }
}

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Why a new password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short.
    #[error("a password has at least {LEAST_CHARACTERS} characters")]
    Short,
    /// Too long.
    #[error("a password has at most {MOST_BYTES} bytes")]
    Long,
    /// It contains the username, or one character only.
    #[error("a password is not one character repeated and does not contain the username")]
    Guessable,
}

/// Accepts or refuses a new password of `username`.
///
/// # Errors
/// [`WeakPassword`].
pub fn check_new(username: &str, password: &Password) -> Result<(), WeakPassword> {
    let text = password.expose();
    if text.len() > MOST_BYTES {
        return Err(WeakPassword::Long);
    }
    if text.chars().count() < LEAST_CHARACTERS {
        return Err(WeakPassword::Short);
    }
    let first = text.chars().next();
    if text.chars().all(|c| Some(c) == first) || text.to_lowercase().contains(&username.to_lowercase()) {
        return Err(WeakPassword::Guessable);
    }
    Ok(())
}

/// A hash could not be computed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Argon2 refused its parameters or the stored hash.
    #[error("argon2: {0}")]
    Argon2(#[from] argon2::password_hash::Error),
    /// Argon2 refused its parameters.
    #[error("argon2 parameters: {0}")]
    Parameters(#[from] argon2::Error),
    /// The program is shutting down.
    #[error("the hashing task was stopped")]
    Stopped,
}

/// Hashes and checks passwords on blocking threads, at most [`AT_ONCE`] at a time; the others wait their turn.
#[derive(Clone, Debug)]
pub struct Hasher {
    turns: Arc<Semaphore>,
}

/// What is checked where there is no account, and what an account has whose password is lost: a hash of no known
/// password, at the cost of a true one.
pub(crate) const DECOY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$YmFubGFuZyBkZWNveQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl Default for Hasher {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Hasher {
    /// The PHC string of a password under a fresh salt.
    ///
    /// # Errors
    /// [`HashError`].
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| HashError::Stopped)?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            hash_now(&password.composed())
        })
        .await
        .map_err(|_| HashError::Stopped)?
    }

    /// True when `password` is the one `stored` was made of. With no stored hash the same work is done and the answer
    /// is false, so that its time does not tell whether an account exists.
    ///
    /// # Errors
    /// [`HashError`] when the stored hash cannot be read.
    pub async fn verify(&self, password: Password, stored: Option<String>) -> Result<bool, HashError> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| HashError::Stopped)?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            debug_assert!(PasswordHash::new(DECOY).is_ok(), "the decoy costs what a true hash costs");
            let exists = stored.is_some();
            let hash = PasswordHash::new(stored.as_deref().unwrap_or(DECOY))
                .map_err(|_| HashError::Argon2(argon2::password_hash::Error::EncodingInvalid))?;
            let fits = Argon2::default().verify_password(&password.composed(), &hash).is_ok();
            Ok(fits && exists)
        })
        .await
        .map_err(|_| HashError::Stopped)?
    }
}

/// The same, on the calling thread.
fn hash_now(password: &[u8]) -> Result<String, HashError> {
    let (memory, passes, lanes) = COST;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(memory, passes, lanes, None)?);
    let hash: PasswordHash = argon2.hash_password_with_salt(password, &random::bytes::<16>())?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_alone() {
        let hasher = Hasher::default();
        let right = Password::from("hoa sữa tháng mười".to_owned());
        let stored = hasher.hash(right.clone()).await.expect("hash");
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(hasher.verify(right.clone(), Some(stored.clone())).await.expect("verify"));
        let decomposed: String = right.expose().nfd().collect();
        assert!(hasher.verify(decomposed.into(), Some(stored.clone())).await.expect("verify"));
        assert!(!hasher.verify("hoa sua thang muoi".to_owned().into(), Some(stored)).await.expect("verify"));
        assert!(!hasher.verify(right, None).await.expect("verify"));
    }

    #[test]
    fn weak_passwords_are_refused() {
        let check = |text: &str| check_new("binhlieu", &Password::from(text.to_owned()));
        assert_eq!(check("ngắn"), Err(WeakPassword::Short));
        assert_eq!(check(&"x".repeat(300)), Err(WeakPassword::Long));
        assert_eq!(check("aaaaaaaaaaaa"), Err(WeakPassword::Guessable));
        assert_eq!(check("BinhLieu-2026"), Err(WeakPassword::Guessable));
        assert_eq!(check("suối reo 2026"), Ok(()));
    }

    #[test]
    fn debug_hides_the_password() {
        assert_eq!(format!("{:?}", Password::from("bí mật".to_owned())), "Password(..)");
    }
}
