/** Problems the device itself finds, with texts in both languages. Those of the server bring their own. */
import { DeviceProblem, type FieldProblem, type Problem, type Words } from './contract';

const titles = {
  input: ['Có mục chưa đúng', 'Some fields are not accepted'],
  offline: ['Chưa có kết nối mạng', 'There is no connection'],
  'server.unreachable': ['Không liên lạc được với máy chủ', 'The server cannot be reached'],
  'server.answer': ['Máy chủ trả lời không đúng', 'The server gave an answer that cannot be read'],
  'pin.wrong': ['Mã PIN không đúng', 'The PIN is wrong'],
  'pin.wait': ['Nhập sai nhiều lần, hãy chờ rồi thử lại', 'Too many wrong PINs; wait, then try again'],
  locked: ['Ứng dụng đang khóa', 'The app is locked'],
  'not-writer': ['Ứng dụng đang mở ở cửa sổ khác', 'The app is open in another tab'],
  'storage.full': ['Máy đã hết chỗ lưu', 'The phone has no space left'],
  'storage.failed': ['Không lưu được vào máy', 'The phone could not save'],
  'record.unknown': ['Không có bản ghi này trên máy', 'There is no such record on this phone'],
  'record.unreadable': ['Bản ghi này chưa đọc được', 'This record cannot be read yet'],
  'review.moved-on': ['Bản ghi đã thay đổi sau khi đọc, chưa ghi ý kiến nào', 'The record changed after it was read; no decision was recorded'],
  'draft.unknown': ['Bản nháp này không còn', 'This draft is no longer here'],
  'file.unknown': ['Tệp này không phải của ứng dụng', 'This is not a file of this app'],
  'file.not-for-this-device': ['Biên nhận này dành cho máy khác', 'These receipts are for another phone'],
  'file.waiting': ['Tệp này chưa tới máy chủ', 'This file has not reached the server yet'],
  'recovery.none': ['Chưa có yêu cầu mở khóa', 'No recovery was asked for'],
  'recovery.waiting': ['Cấp trên chưa xác nhận', 'Headquarters has not approved yet'],
  'recovery.expired': ['Yêu cầu đã hết hạn, hãy gửi lại', 'The request has expired; ask again'],
  unsupported: ['Trình duyệt này chưa dùng được', 'This browser cannot run the app'],
  damaged: ['Dữ liệu trên máy không đọc được', 'What is stored on this phone cannot be read'],
  'enrolment.exists': ['Máy này đã được đăng ký', 'This phone is enrolled already'],
  'sync.stopped': ['Gửi và nhận dừng giữa chừng, sẽ thử lại', 'The sync stopped midway and will be tried again'],
  'sync.newer': [
    'Máy chủ mới hơn ứng dụng, hãy mở lại ứng dụng khi có mạng để cập nhật. Bản ghi vẫn an toàn trên máy',
    'The server is newer than the app: open the app again with a connection to update it. Your records are safe here',
  ],
  'sync.cancelled': ['Đã dừng gửi và nhận', 'The sync was stopped'],
  defect: ['Ứng dụng gặp lỗi', 'The app failed'],
} as const satisfies Record<string, readonly [string, string]>;

export type Code = keyof typeof titles;

/** A problem of the device. */
export function problem(code: Code, more: Partial<Problem> = {}): DeviceProblem {
  const [vi, en] = titles[code];
  return new DeviceProblem({ code, title: { vi, en }, fields: [], ...more });
}

/** Fields that are not accepted. */
export function refuse(fields: FieldProblem[]): DeviceProblem {
  return problem('input', { fields });
}

/** One field that is not accepted. */
export function refuseField(field: string, accepted: Words): DeviceProblem {
  return refuse([{ field, accepted }]);
}

/** Whatever was thrown, as a problem; a fault of the core keeps its fields. */
export function asProblem(error: unknown): DeviceProblem {
  if (error instanceof DeviceProblem) return error;
  if (isFault(error)) {
    return error.fault === 'fields' ? refuse(error.fields) : problem('record.unreadable', { detail: error.detail });
  }
  if (error instanceof DOMException && error.name === 'QuotaExceededError') return problem('storage.full');
  return problem('defect', { detail: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
}

/** A problem as plain data, to cross to the page. */
export function plain(from: Problem): Problem {
  const { code, title, detail, fields, retryAtMs } = from;
  return { code, title, fields, ...(detail !== undefined && { detail }), ...(retryAtMs !== undefined && { retryAtMs }) };
}

type Fault = { fault: 'fields'; fields: FieldProblem[] } | { fault: 'unreadable'; detail: string };

function isFault(error: unknown): error is Fault {
  return typeof error === 'object' && error !== null && 'fault' in error;
}
