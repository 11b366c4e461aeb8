//! Identities as columns of bytes.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Database, Decode, Encode, Type};
use sync_core::id::{ActorId, BatchHash, ChangeHash, DeviceId, PublicKey, RecordId};

/// An identity of a fixed number of bytes.
pub trait ByteId: Sized {
    /// Its name in an error.
    const NAME: &'static str;

    /// The bytes as stored.
    fn bytes(&self) -> &[u8];

    /// The identity of exactly these bytes; `None` when their number differs.
    fn of_bytes(bytes: &[u8]) -> Option<Self>;
}

macro_rules! byte_ids {
    ($($name:ident),*) => {$(
        impl ByteId for $name {
            const NAME: &'static str = stringify!($name);

            fn bytes(&self) -> &[u8] {
                self.as_bytes()
            }

            fn of_bytes(bytes: &[u8]) -> Option<Self> {
                Self::from_slice(bytes)
            }
        }
    )*};
}

byte_ids!(DeviceId, ActorId, RecordId, ChangeHash, BatchHash, PublicKey);

impl<const N: usize> ByteId for [u8; N] {
    const NAME: &'static str = "bytes of a fixed length";

    fn bytes(&self) -> &[u8] {
        self
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

/// An identity bound to, or read from, a `blob`/`bytea` column: `.bind(Blob(device))`, `let Blob(device) = row.0`.
///
/// Reading a value of another length is an error, never a cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Blob<T>(pub T);

impl<DB: Database, T> Type<DB> for Blob<T>
where
    [u8]: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        <[u8] as Type<DB>>::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        <[u8] as Type<DB>>::compatible(ty)
    }
}

impl<'q, DB: Database, T: ByteId> Encode<'q, DB> for Blob<T>
where
    Vec<u8>: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buf: &mut <DB as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <Vec<u8> as Encode<'q, DB>>::encode(self.0.bytes().to_vec(), buf)
    }
}

impl<'r, DB: Database, T: ByteId> Decode<'r, DB> for Blob<T>
where
    &'r [u8]: Decode<'r, DB>,
{
    fn decode(value: <DB as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        let bytes = <&[u8] as Decode<'r, DB>>::decode(value)?;
        T::of_bytes(bytes).map(Self).ok_or_else(|| format!("{}: {} bytes are stored", T::NAME, bytes.len()).into())
    }
}
