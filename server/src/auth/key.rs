//! The server's own keys, by purpose and `kid`. They live in the table `server_key`, so that every process of one
//! deployment signs with the same keys and a rotation needs no restart.

use std::fmt;
use std::str::FromStr;

use age::secrecy::ExposeSecret;
use ed25519_dalek::SigningKey;
use jsonwebtoken::{DecodingKey, EncodingKey};
use sync_core::id::{DeviceId, PublicKey, UnixMs, to_hex};

use super::random;
use crate::db::{Blob, Db, DbError, Tx};
use crate::on_db;

/// What a server key is for. A key of one purpose is never believed for another.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    clap::ValueEnum,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Signs device certificates.
    Certificate,
    /// Signs access tokens.
    Token,
    /// Signs receipts.
    Receipt,
    /// Seals the server's own log: adoption batches. Its public key is that of the server's row in `device`.
    Log,
    /// Decrypts carried files (age, X25519).
    Carry,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 5] = [Self::Certificate, Self::Token, Self::Receipt, Self::Log, Self::Carry];

    /// The stable name, as stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Token => "token",
            Self::Receipt => "receipt",
            Self::Log => "log",
            Self::Carry => "carry",
        }
    }

    /// Whether a key of this purpose may be retired: what the log key sealed and what was encrypted to the carry key
    /// stays on file and must stay readable.
    #[must_use]
    pub fn can_retire(self) -> bool {
        !matches!(self, Self::Log | Self::Carry)
    }
}

impl FromStr for Purpose {
    type Err = DbError;

    fn from_str(text: &str) -> Result<Self, DbError> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == text).ok_or_else(|| damaged("unknown purpose"))
    }
}

/// The secret half.
enum Material {
    /// For signing; the two forms jsonwebtoken takes are made once.
    Ed25519(Box<SigningForms>),
    /// For decryption.
    Age(age::x25519::Identity),
}

/// One Ed25519 key in the forms its users take.
struct SigningForms {
    signing: SigningKey,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// One key of the server. Its debug form hides the secret.
pub struct ServerKey {
    /// Names the key in headers: the purpose's letter and a number, for instance `t1`. Never a path or an address.
    pub kid: String,
    /// What it is for.
    pub purpose: Purpose,
    /// When it was made.
    pub created_at: UnixMs,
    /// From then on nothing signed by it is believed.
    pub retired_at: Option<UnixMs>,
    material: Material,
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerKey").field("kid", &self.kid).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

impl ServerKey {
    /// The Ed25519 signing key; `None` for [`Purpose::Carry`].
    #[must_use]
    pub fn signing(&self) -> Option<&SigningKey> {
        match &self.material {
            Material::Ed25519(forms) => Some(&forms.signing),
            Material::Age(_) => None,
        }
    }

    /// The Ed25519 public key; `None` for [`Purpose::Carry`].
    #[must_use]
    pub fn public_key(&self) -> Option<PublicKey> {
        self.signing().map(|key| PublicKey(key.verifying_key().to_bytes()))
    }

    /// The age identity; `None` for every purpose but [`Purpose::Carry`].
    #[must_use]
    pub fn identity(&self) -> Option<&age::x25519::Identity> {
        match &self.material {
            Material::Ed25519(_) => None,
            Material::Age(identity) => Some(identity),
        }
    }

    /// The public half as text: 64 hexadecimal digits, or an age recipient (`age1…`).
    #[must_use]
    pub fn public_text(&self) -> String {
        match &self.material {
            Material::Ed25519(forms) => to_hex(forms.signing.verifying_key().as_bytes()),
            Material::Age(identity) => identity.to_public().to_string(),
        }
    }

    /// The two forms jsonwebtoken takes.
    pub(super) fn jwt_keys(&self) -> Option<(&EncodingKey, &DecodingKey)> {
        match &self.material {
            Material::Ed25519(forms) => Some((&forms.encoding, &forms.decoding)),
            Material::Age(_) => None,
        }
    }

    /// Whether it is believed at `now`.
    #[must_use]
    pub fn is_valid(&self, now: UnixMs) -> bool {
        self.retired_at.is_none_or(|at| now < at)
    }

    fn from_row(row: Row) -> Result<Self, DbError> {
        let (kid, purpose, secret, created_at, retired_at) = row;
        let purpose: Purpose = purpose.parse()?;
        let material = if purpose == Purpose::Carry {
            let text = std::str::from_utf8(&secret).map_err(|_| damaged("not UTF-8"))?;
            Material::Age(text.parse().map_err(|_| damaged("not an age identity"))?)
        } else {
            ed25519(secret.as_slice().try_into().map_err(|_| damaged("not 32 bytes"))?)
        };
        Ok(Self { kid, purpose, created_at: UnixMs(created_at), retired_at: retired_at.map(UnixMs), material })
    }
}

type Row = (String, String, Vec<u8>, i64, Option<i64>);

fn damaged(why: &str) -> DbError {
    DbError::Damaged { column: "server_key.secret", why: why.to_owned() }
}

fn ed25519(seed: &[u8; 32]) -> Material {
    /// PKCS#8 version 1 of an Ed25519 seed (RFC 8410): these 16 bytes, then the seed.
    const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
    let signing = SigningKey::from_bytes(seed);
    let decoding = DecodingKey::from_ed_der(signing.verifying_key().as_bytes());
    let encoding = EncodingKey::from_ed_der(&[PKCS8.as_slice(), seed].concat());
    Material::Ed25519(Box::new(SigningForms { signing, encoding, decoding }))
}

/// No key of a purpose is in force: `banlang init` was not run on this database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no server key for purpose {} is in force; `banlang key rotate --purpose {}` makes one", .0.name(), .0.name())]
pub struct NoKey(pub Purpose);

/// Every key of the server, oldest first.
#[derive(Debug)]
pub struct Keyring {
    keys: Vec<ServerKey>,
}

impl Keyring {
    /// Reads every key.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn load(db: &Db) -> Result<Self, DbError> {
        Self::from_rows(on_db!(db, |c| sqlx::query_as(LIST).fetch_all(c).await)?)
    }

    /// Reads every key inside a transaction.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn load_in(tx: &mut Tx) -> Result<Self, DbError> {
        Self::from_rows(on_db!(tx, |c| sqlx::query_as(LIST).fetch_all(&mut *c).await)?)
    }

    fn from_rows(rows: Vec<Row>) -> Result<Self, DbError> {
        Ok(Self { keys: rows.into_iter().map(ServerKey::from_row).collect::<Result<_, _>>()? })
    }

    /// Every key, oldest first.
    #[must_use]
    pub fn all(&self) -> &[ServerKey] {
        &self.keys
    }

    /// The key to sign with (or encrypt to): the newest in force.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn newest(&self, purpose: Purpose, now: UnixMs) -> Result<&ServerKey, NoKey> {
        self.keys.iter().rev().find(|key| key.purpose == purpose && key.is_valid(now)).ok_or(NoKey(purpose))
    }

    /// The key of this `kid`, when it is of this purpose and still believed.
    #[must_use]
    pub fn find(&self, purpose: Purpose, kid: &str, now: UnixMs) -> Option<&ServerKey> {
        self.keys.iter().find(|key| key.kid == kid && key.purpose == purpose && key.is_valid(now))
    }

    /// The identities a carried file may be encrypted to, newest first.
    pub fn identities(&self) -> impl Iterator<Item = &age::x25519::Identity> {
        self.keys.iter().rev().filter_map(ServerKey::identity)
    }

    /// The devices under whose names the server ever sealed its own logs. They stay believed: what was adopted there must
    /// stay readable.
    pub fn log_devices(&self) -> Vec<DeviceId> {
        let of_log = self.keys.iter().filter(|key| key.purpose == Purpose::Log);
        of_log.filter_map(ServerKey::public_key).map(|key| DeviceId::of_key(&key)).collect()
    }

    /// The device under whose name the server seals its own log.
    ///
    /// # Errors
    /// [`NoKey`].
    pub fn log_device(&self, now: UnixMs) -> Result<DeviceId, NoKey> {
        let key = self.newest(Purpose::Log, now)?;
        key.public_key().map(|key| DeviceId::of_key(&key)).ok_or(NoKey(Purpose::Log))
    }
}

const LIST: &str = "select kid, purpose, secret, created_at_ms, retired_at_ms from server_key
    order by created_at_ms, length(kid), kid";

/// Makes a key for every purpose that has none in force; returns the new ones' `kid`s. Safe to repeat.
///
/// # Errors
/// [`DbError`].
pub async fn ensure(tx: &mut Tx, now: UnixMs) -> Result<Vec<String>, DbError> {
    let ring = Keyring::load_in(tx).await?;
    let mut made = Vec::new();
    for purpose in Purpose::ALL {
        if ring.newest(purpose, now).is_err() {
            made.push(create(tx, purpose, now).await?);
        }
    }
    Ok(made)
}

/// Makes a new key of a purpose, with which everything is signed from now on; returns its `kid`.
///
/// The old ones are still believed, until `retire_others_at` when it is given and the purpose allows it.
///
/// # Errors
/// [`DbError`].
pub async fn rotate(
    tx: &mut Tx,
    purpose: Purpose,
    now: UnixMs,
    retire_others_at: Option<UnixMs>,
) -> Result<String, DbError> {
    const RETIRE: &str = "update server_key set retired_at_ms = $3
        where purpose = $1 and kid <> $2 and (retired_at_ms is null or retired_at_ms > $3)";
    let kid = create(tx, purpose, now).await?;
    if let Some(at) = retire_others_at.filter(|_| purpose.can_retire()) {
        on_db!(tx, |c| sqlx::query(RETIRE)
            .bind(purpose.name())
            .bind(&kid)
            .bind(at.0)
            .execute(&mut *c)
            .await
            .map(drop))?;
    }
    Ok(kid)
}

async fn create(tx: &mut Tx, purpose: Purpose, now: UnixMs) -> Result<String, DbError> {
    const COUNT: &str = "select count(*) from server_key where purpose = $1";
    const INSERT: &str = "insert into server_key (kid, purpose, secret, public_key, created_at_ms)
        values ($1, $2, $3, $4, $5)";
    const DEVICE: &str = "insert into device (id, public_key, account_id, label, enrolled_at_ms)
        values ($1, $2, null, 'server', $3)";
    let (secret, public) = if purpose == Purpose::Carry {
        let identity = age::x25519::Identity::generate();
        (identity.to_string().expose_secret().as_bytes().to_vec(), identity.to_public().to_string().into_bytes())
    } else {
        let seed = random::bytes::<32>();
        (seed.to_vec(), SigningKey::from_bytes(&seed).verifying_key().to_bytes().to_vec())
    };
    // Rows are never deleted, so the next number is free; of two processes at once one is told to try again.
    let before: i64 = on_db!(tx, |c| sqlx::query_scalar(COUNT).bind(purpose.name()).fetch_one(&mut *c).await)?;
    let kid = format!("{}{}", letter(purpose), before + 1);
    on_db!(tx, |c| sqlx::query(INSERT)
        .bind(&kid)
        .bind(purpose.name())
        .bind(&secret)
        .bind(&public)
        .bind(now.0)
        .execute(&mut *c)
        .await
        .map(drop))?;
    if let (Purpose::Log, Some(key)) = (purpose, PublicKey::from_slice(&public)) {
        let id = Blob(DeviceId::of_key(&key));
        on_db!(tx, |c| sqlx::query(DEVICE).bind(id).bind(Blob(key)).bind(now.0).execute(&mut *c).await.map(drop))?;
    }
    Ok(kid)
}

fn letter(purpose: Purpose) -> char {
    match purpose {
        Purpose::Certificate => 'c',
        Purpose::Token => 't',
        Purpose::Receipt => 'r',
        Purpose::Log => 'l',
        Purpose::Carry => 'y',
    }
}
