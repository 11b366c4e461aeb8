//! Why something lies in quarantine. One list for the gate, the server and every client.

use std::fmt;
use std::str::FromStr;

use crate::id::ParseIdError;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $vi:literal, $en:literal;)+) => {
        /// Why a change or a batch lies in quarantine. The codes are stable; new ones may be added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            /// Every reason, in the order of the checks.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable code.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// What a person reads, in Vietnamese.
            #[must_use]
            pub fn vi(self) -> &'static str {
                match self {
                    $(Self::$variant => $vi,)+
                }
            }

            /// What a person reads, in English.
            #[must_use]
            pub fn en(self) -> &'static str {
                match self {
                    $(Self::$variant => $en,)+
                }
            }
        }
    };
}

reasons! {
    /// The change is larger than the limit.
    ChangeTooLarge = "change-too-large",
        "Thay đổi vượt quá 64 KiB", "The change is larger than 64 KiB";
    /// The bytes are not one raw Automerge change in the accepted form.
    ChangeMalformed = "change-malformed",
        "Dữ liệu không phải một thay đổi hợp lệ", "The bytes are not one valid change";
    /// The change holds or expands to too much.
    TooManyOps = "too-many-ops",
        "Thay đổi chứa quá nhiều thao tác", "The change holds too many operations";
    /// The actor of the change is not one of the device that signed it.
    ActorNotOfDevice = "actor-not-of-device",
        "Tác giả của thay đổi không thuộc thiết bị đã ký", "The change's actor is not one of the device that signed it";
    /// The change does not belong to the record it was filed under.
    WrongRecord = "wrong-record",
        "Thay đổi không thuộc bản ghi này", "The change does not belong to this record";
    /// The actor's numbering of its changes or operations has a gap or a repetition.
    BrokenSequence = "broken-sequence",
        "Số thứ tự của tác giả không liên tục: bộ nhớ thiết bị có thể đã bị sao chép hoặc khôi phục",
        "The actor's numbering is not continuous: the device's store may have been copied or restored";
    /// Automerge refused the change.
    Unreadable = "unreadable",
        "Không đọc được thay đổi", "The change cannot be read";
    /// Automerge panicked on the change.
    Panicked = "panicked",
        "Thay đổi gây lỗi khi đọc", "Reading the change failed in an unforeseen way";
    /// With the change the document saves to bytes that do not load.
    Unloadable = "unloadable",
        "Bản ghi không lưu lại được sau thay đổi này", "With this change the record could not be stored and loaded again";
    /// The record was made under a schema this version does not know.
    UnknownSchema = "unknown-schema",
        "Bản ghi dùng cấu trúc mới hơn phần mềm này", "The record's schema is newer than this version knows";
    /// A key holds a value that its kind of record does not accept.
    SchemaRule = "schema-rule",
        "Giá trị hoặc mục không đúng quy định của loại bản ghi", "A value or key breaks the rules of its kind of record";
    /// The role may not write this kind of record.
    RoleMayNotWrite = "role-may-not-write",
        "Vai trò này không được ghi loại bản ghi đó", "This role may not write this kind of record";
    /// The change writes another recorder's tally of material.
    ForeignTally = "foreign-tally",
        "Thay đổi sửa số liệu phát tài liệu của người khác", "The change writes another recorder's tally of material";
    /// The record names another person as its recorder.
    ForeignRecorder = "foreign-recorder",
        "Bản ghi mang tên người ghi khác", "The record names another person as its recorder";
    /// The device's certificate does not cover the area.
    AreaOutOfScope = "area-out-of-scope",
        "Địa bàn nằm ngoài phạm vi của thiết bị", "The area is outside the device's scope";
    /// The record was filed under another area before.
    AreaMismatch = "area-mismatch",
        "Bản ghi thuộc địa bàn khác", "The record belongs to another area";
    /// The device was revoked.
    DeviceRevoked = "device-revoked",
        "Thiết bị đã bị thu hồi", "The device was revoked";
    /// The account of the device's owner was deactivated.
    AccountDeactivated = "account-deactivated",
        "Tài khoản của người ghi đã bị khóa", "The account of the device's owner was deactivated";
    /// The certificate had expired.
    CertificateExpired = "certificate-expired",
        "Chứng nhận của thiết bị đã hết hạn", "The device's certificate had expired";
    /// The batch names a certificate that was not issued to the device.
    CertificateUnknown = "certificate-unknown",
        "Chứng nhận không có trong sổ cấp", "The certificate was not issued to this device";
    /// Another batch holds the same place in the log.
    ForkedLog = "forked-log",
        "Nhật ký của thiết bị bị rẽ nhánh: bộ nhớ có thể đã bị sao chép hoặc khôi phục",
        "The device's log forked: its store may have been copied or restored";
    /// The device or area is over its quota.
    Quota = "quota",
        "Vượt quá hạn mức", "Over the quota";
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Reason {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        Self::ALL.iter().copied().find(|reason| reason.code() == text).ok_or_else(|| ParseIdError {
            kind: "Reason",
            expected: "a reason code such as area-out-of-scope",
            got: text.chars().take(40).collect(),
        })
    }
}

impl serde::Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> serde::Deserialize<'de> for Reason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
