//! Values of few and closed alternatives.

use serde::Serialize;

use super::{Accepted, FieldValue, ParseValueError, closed_value, text_value};
use crate::record::state::Scalar;

closed_value!(
    /// How attendances were found.
    CountBasis {
        /// Counted one by one (đếm trực tiếp).
        Counted = "counted",
        /// Estimated (ước lượng).
        Estimated = "estimated",
    },
    Accepted { vi: "counted (đếm trực tiếp) hoặc estimated (ước lượng)", en: "counted or estimated" }
);

closed_value!(
    /// Whether a session was held for its own sake.
    Setting {
        /// On this subject only (chuyên đề).
        Standalone = "standalone",
        /// Held within another meeting (lồng ghép).
        Integrated = "integrated",
    },
    Accepted { vi: "standalone (chuyên đề) hoặc integrated (lồng ghép)", en: "standalone or integrated" }
);
