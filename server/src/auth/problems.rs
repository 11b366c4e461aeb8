//! What authentication answers when it refuses. A device branches on the codes: each says what helps.

use crate::problem::ProblemKind;

/// No access token came along. Ask for one: POST /v1/tokens.
pub const TOKEN_MISSING: ProblemKind =
    ProblemKind::new(401, "token.missing", "An access token is needed", "Thiếu mã truy cập");
/// The access token is none of this server's. Ask for a new one.
pub const TOKEN_REFUSED: ProblemKind =
    ProblemKind::new(401, "token.refused", "The access token is not accepted", "Mã truy cập không được chấp nhận");
/// The access token's time is over. Ask for a new one.
pub const TOKEN_EXPIRED: ProblemKind =
    ProblemKind::new(401, "token.expired", "The access token has expired", "Mã truy cập đã hết hạn");
/// No proof by the device key came along, or not in its form.
pub const PROOF_MISSING: ProblemKind = ProblemKind::new(
    401,
    "proof.missing",
    "The request needs a proof by the device's key",
    "Yêu cầu thiếu chữ ký của thiết bị",
);
/// The proof's signature does not fit this request, or the key is another device's.
pub const PROOF_REFUSED: ProblemKind = ProblemKind::new(
    401,
    "proof.refused",
    "The device's signature does not fit this request",
    "Chữ ký của thiết bị không khớp với yêu cầu",
);
/// The proof's counter was used already. Sign again with the next counter.
pub const PROOF_USED: ProblemKind = ProblemKind::new(
    401,
    "proof.used",
    "This request was made before; sign it again with a higher counter",
    "Yêu cầu này đã được gửi trước đó, hãy ký lại",
);
/// The device has no live sign-in: its owner types the password once (POST /v1/sign-ins). Nothing recorded is lost.
pub const SIGN_IN_EXPIRED: ProblemKind = ProblemKind::new(
    401,
    "sign-in.expired",
    "The sign-in has expired; sign in with the password",
    "Phiên đăng nhập đã hết hạn, hãy đăng nhập lại bằng mật khẩu",
);
/// Username, password or device do not fit together; it is not said which.
pub const SIGN_IN_REFUSED: ProblemKind = ProblemKind::new(
    401,
    "sign-in.refused",
    "Username, password or device is wrong",
    "Sai tên đăng nhập, mật khẩu hoặc thiết bị",
);
/// Too many attempts; `retry-after` says when to try again.
pub const TOO_MANY_ATTEMPTS: ProblemKind = ProblemKind::new(
    429,
    "sign-in.too-many-attempts",
    "Too many attempts; try again later",
    "Thử quá nhiều lần, hãy thử lại sau",
);
/// The device was revoked. What it still holds can be deposited (POST /v1/deposits).
pub const DEVICE_REVOKED: ProblemKind =
    ProblemKind::new(403, "device.revoked", "This device was revoked", "Thiết bị này đã bị thu hồi");
/// The account was deactivated.
pub const ACCOUNT_DEACTIVATED: ProblemKind =
    ProblemKind::new(403, "account.deactivated", "The account is deactivated", "Tài khoản đã bị khóa");
/// Role or areas changed while the request was under way. Repeat it.
pub const AUTH_CHANGED: ProblemKind = ProblemKind::new(
    409,
    "auth.changed",
    "Role or areas changed while the request was under way; repeat it",
    "Quyền hoặc địa bàn vừa thay đổi, hãy gửi lại",
);
/// The server does not know this device or its newest certificate: repeat with `certificate`.
pub const CERTIFICATE_WANTED: ProblemKind = ProblemKind::new(
    401,
    "certificate.wanted",
    "The server does not know this device's certificate; send it along",
    "Máy chủ chưa biết chứng thư của thiết bị, hãy gửi kèm chứng thư",
);
/// The certificate is none of this server's, has expired, or is not this device's: enrol again.
pub const CERTIFICATE_REFUSED: ProblemKind = ProblemKind::new(
    401,
    "certificate.refused",
    "The certificate is not accepted; enrol the device again",
    "Chứng thư không được chấp nhận, hãy đăng ký lại thiết bị",
);
/// No such enrolment code.
pub const CODE_UNKNOWN: ProblemKind =
    ProblemKind::new(404, "enrolment.code-unknown", "No such enrolment code", "Không có mã đăng ký này");
/// The code's time is over.
pub const CODE_EXPIRED: ProblemKind =
    ProblemKind::new(410, "enrolment.code-expired", "The enrolment code has expired", "Mã đăng ký đã hết hạn");
/// The code was used by another device.
pub const CODE_USED: ProblemKind = ProblemKind::new(
    409,
    "enrolment.code-used",
    "The enrolment code was used by another device",
    "Mã đăng ký đã được thiết bị khác dùng",
);
/// The signature over code and key does not verify.
pub const ENROLMENT_REFUSED: ProblemKind = ProblemKind::new(
    422,
    "enrolment.signature",
    "The signature does not fit code and key",
    "Chữ ký không khớp với mã và khóa",
);
/// The key is enrolled for another account, or its id is another key's: make a new key.
pub const DEVICE_TAKEN: ProblemKind = ProblemKind::new(
    409,
    "device.taken",
    "This key is enrolled for another account; make a new key",
    "Khóa này đã đăng ký cho tài khoản khác, hãy tạo khóa mới",
);
