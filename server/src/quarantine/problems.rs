//! What may go wrong here.

use crate::problem::ProblemKind;

/// No change stands at this batch and ordinal, or not in the caller's areas.
pub const UNKNOWN: ProblemKind = ProblemKind::new(404, "quarantine.unknown", "No such change", "Không có thay đổi này");
/// The change is not in quarantine any more.
pub const DECIDED: ProblemKind = ProblemKind::new(
    409,
    "quarantine.decided",
    "The change is not in quarantine any more",
    "Thay đổi này không còn trong khu vực chờ xét",
);
/// The change breaks rules that no person can set aside.
pub const STILL_REFUSED: ProblemKind = ProblemKind::new(
    409,
    "quarantine.still-refused",
    "The change breaks rules that a release cannot set aside; it stays in quarantine",
    "Thay đổi vi phạm quy định không thể bỏ qua; vẫn được giữ lại",
);
/// Only officers of the area and coordinators decide.
pub const NOT_YOURS: ProblemKind = ProblemKind::new(
    403,
    "quarantine.not-yours",
    "Only an officer of the area or a coordinator decides this",
    "Chỉ cán bộ phụ trách địa bàn hoặc điều phối viên được quyết định",
);
