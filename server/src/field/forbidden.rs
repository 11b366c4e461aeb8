//! What a role may not do, said before anything is recorded.

use sync_core::id::Role;

use super::text;
use crate::cli::Lang;

/// What a role may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// Record sessions and panel checks.
    Record,
    /// Review sessions.
    Review,
    /// Correct the material that another person handed out.
    OthersMaterial,
}

impl Forbidden {
    pub(super) fn text(self, role: Role, lang: Lang) -> String {
        let role = text::role(role).of(lang);
        match (self, lang) {
            (Self::Record, Lang::Vi) => format!("tài khoản {role} không ghi buổi tuyên truyền hay kiểm tra pano"),
            (Self::Record, Lang::En) => format!("an account of this role ({role}) records nothing"),
            (Self::Review, Lang::Vi) => {
                format!("chỉ cán bộ xã và điều phối viên được duyệt; tài khoản này là {role}")
            }
            (Self::Review, Lang::En) => {
                format!("only commune officers and coordinators review; this account's role: {role}")
            }
            (Self::OthersMaterial, Lang::Vi) => {
                format!("chỉ cán bộ xã và điều phối viên được sửa số tài liệu của người khác; tài khoản này là {role}")
            }
            (Self::OthersMaterial, Lang::En) => {
                format!(
                    "only commune officers and coordinators correct another person's material; this account's role: {role}"
                )
            }
        }
    }
}
