/** Words of lists and of one record. */

import type { Pair } from '../language.svelte';

export const list = {
  title: ['Bản ghi', 'Records'],
  search: ['Tìm theo nơi, hình thức, người ghi', 'Find by place, format, recorder'],
  all: ['Tất cả', 'All'],
  attention: ['Cần xem', 'Needs you'],
  confirmed: ['Đã duyệt', 'Confirmed'],
  mine: ['Của tôi', 'Mine'],
  panels: ['Pano', 'Billboards'],
  filters: ['Lọc', 'Filter'],
  totals: ['{sessions} buổi / {attendances} lượt người', '{sessions} {sessions:session|sessions} / {attendances} attendances'],
  count: ['{n} bản ghi', '{n} {n:record|records}'],
  none: ['Không có bản ghi nào như vậy', 'No records like that'],
  loading: ['Đang tải…', 'Loading…'],
  attendances: ['{n} lượt người', '{n} {n:attendance|attendances}'],
  panelCheck: ['Kiểm tra pano', 'Billboard check'],
  void: ['Đã hủy', 'Void'],
  conflict: ['Hai bản ghi khác nhau', 'Two versions differ'],
  held: ['Chưa được tính', 'Not counted'],
  waiting: ['Chưa nhận đủ', 'Part still to come'],
  byOther: ['{name} ghi', 'by {name}'],
  clear: ['Xóa chữ tìm', 'Clear search'],
} as const satisfies Record<string, Pair>;

export const record = {
  session: ['Buổi tuyên truyền', 'Outreach session'],
  panelCheck: ['Kiểm tra pano', 'Billboard check'],
  recordedBy: ['{name} ghi lúc {at}', 'Recorded by {name}, {at}'],
  edit: ['Sửa', 'Edit'],
  editGoOn: ['Sửa tiếp', 'Go on editing'],
  addTally: ['Tài liệu tôi phát', 'What I handed out'],
  void: ['Hủy bản ghi', 'Void this record'],
  restore: ['Khôi phục bản ghi', 'Restore this record'],
  restored: ['Đã khôi phục bản ghi', 'The record is restored'],
  isVoid: ['Bản ghi đã hủy, không tính vào số liệu', 'This record is void and out of every count'],
  details: ['Chi tiết', 'Details'],
  history: ['Lịch sử', 'History'],
  created: ['Ghi lần đầu', 'First recorded'],
  empty: ['để trống', 'empty'],
  nothingShown: ['Thay đổi này cần bản ứng dụng mới hơn mới đọc được', 'A change a newer version of the app understands'],
  reviews: ['Ý kiến người duyệt', 'What the reviewers say'],
  byAt: ['{name}, {at}', '{name}, {at}'],
  reviewStale: ['Bản ghi đã được sửa sau ý kiến này', 'The record was edited after this'],
  reviewWithdrawn: ['Ý kiến đã rút', 'Withdrawn'],
  returnedTitle: ['Trả lại để bổ sung', 'Returned for completion'],
  complete: ['Bổ sung', 'Complete it'],
  conflictTitle: ['Hai bản ghi khác nhau', 'Two versions differ'],
  conflictBody: ['Hai người sửa cùng một mục khi chưa liên lạc được với nhau. Chọn giá trị đúng, hoặc để người duyệt quyết định.', 'Two people changed the same field out of reach of each other. Choose the right value, or leave it to the reviewer.'],
  conflictNow: ['Đang hiện', 'Shown now'],
  chooseThis: ['Chọn', 'Choose'],
  chosen: ['Đã chọn. Giá trị kia vẫn còn trong lịch sử.', 'Chosen. The other value stays in the history.'],
  waitingN: ['Còn {n} thay đổi chưa đến máy này', '{n} {n:change has|changes have} not arrived yet'],
  unknown: ['Có mục do bản mới hơn của ứng dụng ghi: {fields}. Vẫn được giữ nguyên.', 'Fields written by a newer app are kept: {fields}.'],
  total: ['Tổng', 'Total'],
  of: ['{name}: {n}', '{name}: {n}'],
  me: ['Tôi', 'Me'],
  gone: ['Không có bản ghi này trên máy', 'This record is not on the phone'],
} as const satisfies Record<string, Pair>;

/** Of what the server keeps and does not count. */
export const held = {
  quarantined: ['Máy chủ đã nhận, chờ cán bộ xem xét, chưa tính', 'The server has it; held for an officer, not counted yet'],
  waiting: ['Máy chủ đã nhận, đang chờ dữ liệu khác, chưa tính', 'The server has it; it waits for other data, not counted yet'],
  left: ['Cán bộ đã để ngoài, không tính', 'Left out by an officer, not counted'],
} as const satisfies Record<string, Pair>;

export const voiding = {
  title: ['Hủy bản ghi', 'Void this record'],
  body: ['Bản ghi vẫn được lưu cùng lý do, nhưng không tính vào số liệu nữa. Có thể khôi phục.', 'The record is kept with the reason and leaves every count. It can be restored.'],
  reason: ['Lý do hủy', 'Reason'],
  accepted: ['Ghi lý do, từ 1 đến 200 ký tự', 'Give a reason of 1 to 200 characters'],
  usual: ['Lý do thường gặp', 'Usual reasons'],
  duplicate: ['Ghi trùng', 'Recorded twice'],
  wrongPlace: ['Ghi nhầm địa điểm', 'Wrong place'],
  notHeld: ['Buổi không diễn ra', 'It was not held'],
  confirm: ['Hủy bản ghi', 'Void the record'],
  done: ['Đã hủy bản ghi', 'The record is void'],
} as const satisfies Record<string, Pair>;
