//! The kinds of problem every route may answer with. A feature's own kinds stand in its module.

use super::ProblemKind;

/// The path names nothing.
pub const NOT_FOUND: ProblemKind = ProblemKind::new(404, "route.unknown", "No such address", "Không có địa chỉ này");
/// The path exists, the method does not.
pub const METHOD: ProblemKind =
    ProblemKind::new(405, "route.method", "This method is not accepted here", "Địa chỉ này không nhận phương thức đó");
/// The body is over the limit.
pub const TOO_LARGE: ProblemKind =
    ProblemKind::new(413, "body.too-large", "The body is too large", "Nội dung gửi lên quá lớn");
/// The body did not arrive whole.
pub const CUT: ProblemKind =
    ProblemKind::new(400, "body.cut", "The body did not arrive whole", "Nội dung gửi lên chưa đủ");
/// The body is not of the accepted media type.
pub const MEDIA: ProblemKind =
    ProblemKind::new(415, "body.media-type", "The media type is not accepted", "Kiểu nội dung không được chấp nhận");
/// The body is not JSON.
pub const SYNTAX: ProblemKind =
    ProblemKind::new(400, "body.syntax", "The body is not valid JSON", "Nội dung không phải JSON hợp lệ");
/// A field of the body is not accepted.
pub const FIELD: ProblemKind =
    ProblemKind::new(422, "body.field", "A field is not accepted", "Có trường không được chấp nhận");
/// A query parameter is not accepted.
pub const QUERY: ProblemKind =
    ProblemKind::new(400, "query.parameter", "A query parameter is not accepted", "Tham số không được chấp nhận");
/// A part of the path is not accepted.
pub const PATH: ProblemKind =
    ProblemKind::new(400, "path.parameter", "A part of the path is not accepted", "Địa chỉ có phần không hợp lệ");
/// The request took too long, its body's arrival included.
pub const TIMEOUT: ProblemKind =
    ProblemKind::new(408, "request.timeout", "The request took too long", "Yêu cầu mất quá nhiều thời gian");
/// Any other fault of the request.
pub const REFUSED: ProblemKind =
    ProblemKind::new(400, "request.refused", "The request is not accepted", "Yêu cầu không được chấp nhận");
/// The caller may not do this.
pub const FORBIDDEN: ProblemKind =
    ProblemKind::new(403, "request.forbidden", "You may not do this", "Bạn không có quyền làm việc này");
/// The server is at its limit or its database does not answer; try again.
pub const BUSY: ProblemKind =
    ProblemKind::new(503, "server.busy", "The server is busy; try again", "Máy chủ đang bận, hãy thử lại");
/// The server's disk is full. What the request brought is not acknowledged; reading goes on.
pub const STORAGE_FULL: ProblemKind = ProblemKind::new(
    507,
    "server.storage-full",
    "The server's storage is full; what was sent is not acknowledged, send it again later",
    "Máy chủ hết chỗ lưu trữ; dữ liệu vừa gửi chưa được xác nhận, hãy gửi lại sau",
);
/// The server's disk failed. What the request brought is not acknowledged.
pub const STORAGE_FAILED: ProblemKind = ProblemKind::new(
    503,
    "server.storage-failed",
    "The server's storage failed; what was sent is not acknowledged, send it again later",
    "Bộ lưu trữ của máy chủ gặp lỗi; dữ liệu vừa gửi chưa được xác nhận, hãy gửi lại sau",
);
/// The bytes begin with a layout that this version does not know: they come from a newer program.
pub const LAYOUT: ProblemKind = ProblemKind::new(
    422,
    "body.layout",
    "The server does not know this layout; it is older than the program that sent it",
    "Máy chủ chưa biết kiểu dữ liệu này; máy chủ cũ hơn chương trình đã gửi",
);
/// A failure inside the server.
pub const INTERNAL: ProblemKind = ProblemKind::new(
    500,
    "server.failed",
    "The server failed; the failure was logged",
    "Máy chủ gặp lỗi, lỗi đã được ghi lại",
);

/// The kind that stands for a status that no handler explained.
#[must_use]
pub(crate) fn of_status(status: u16) -> ProblemKind {
    match status {
        404 => NOT_FOUND,
        405 => METHOD,
        408 => TIMEOUT,
        413 => TOO_LARGE,
        415 => MEDIA,
        403 => FORBIDDEN,
        422 => FIELD,
        429 | 503 => BUSY,
        500.. => INTERNAL,
        _ => ProblemKind { status, ..REFUSED },
    }
}
