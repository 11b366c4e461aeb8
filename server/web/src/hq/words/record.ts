/** Words of a session as an officer reads it: where it came from, its history, its decisions. */

import type { Pair } from '../../i18n/language.svelte';

export const reading = {
  listeners: ['Lượt người nghe', 'Attendances'],
  recordedBy: ['Người ghi', 'Recorder'],
  device: ['Máy', 'Device'],
  claimed: ['Giờ trên máy', 'Claimed'],
  received: ['Máy chủ nhận', 'Received'],
  after: ['sau {span}', 'after {span}'],
  details: ['Nội dung buổi', 'What was recorded'],
  provenance: ['Nguồn gốc', 'Where it came from'],
  note: ['Ghi chú', 'Note'],
  noNote: ['Không có ghi chú', 'No note'],
  noPlace: ['Chưa ghi địa điểm', 'No place recorded'],
  noDate: ['Chưa ghi ngày', 'No day recorded'],
  identity: ['Ghi chú có vẻ chứa số điện thoại hoặc số giấy tờ. Trả lại để xóa nếu đúng.', 'The note seems to hold a phone or identity number. Return it to have that removed if so.'],
  isVoid: ['Bản ghi đã hủy, không tính vào số liệu: {why}', 'This record is void and out of every count: {why}'],
  minutes: ['{n} phút', '{n} {n:minute|minutes}'],
  none: ['Không có', 'None'],
  via: ['đến qua {how}', 'came by {how}'],
  viaSync: ['mạng', 'sync'],
  viaDeposit: ['nộp không đăng nhập', 'deposit'],
  viaFile: ['tệp mang đến', 'a carried file'],
  viaServer: ['máy chủ', 'the server'],
  suspectsN: ['Nghi trùng với {n} buổi khác', 'May be the same event as {n} other {n:session|sessions}'],
  counted: ['Đã nối với buổi khác; buổi kia được tính', 'Linked with another session, which counts'],
} as const satisfies Record<string, Pair>;

export const timeline = {
  title: ['Diễn biến', 'History'],
  created: ['Ghi lần đầu', 'First recorded'],
  changed: ['Sửa', 'Changed'],
  confirmed: ['Duyệt', 'Confirmed'],
  returned: ['Trả lại để bổ sung', 'Returned for completion'],
  withdrawn: ['đã rút: {why}', 'withdrawn: {why}'],
  current: ['đúng nội dung hiện nay', 'of exactly what stands now'],
  earlier: ['về nội dung trước khi sửa', 'of what stood before an edit'],
  empty: ['để trống', 'empty'],
  nothing: ['Thay đổi này cần bản mới hơn mới đọc được', 'A change that a newer version understands'],
  incomplete: ['Một phần lịch sử đã hết hạn lưu, nên không còn cho biết từng thay đổi.', 'Part of the history is past its retention date, so single changes are no longer told.'],
  added: ['thêm', 'added'],
  removed: ['bỏ', 'removed'],
} as const satisfies Record<string, Pair>;

export const conflicts = {
  title: ['Hai bản ghi khác nhau', 'Two versions differ'],
  body: ['Những người dưới đây sửa cùng một mục khi chưa liên lạc được với nhau. Giá trị không chọn vẫn còn trong lịch sử.', 'These people changed the same field out of reach of each other. What is not chosen stays in the history.'],
  shown: ['đang hiện', 'shown now'],
  choose: ['Chọn giá trị này', 'Choose this'],
  sending: ['Đang gửi lựa chọn…', 'Sending the choice…'],
  settled: ['Đã chọn; máy chủ đã nhận', 'Settled; the server has it'],
  unsent: ['Đã chọn trên máy này, chưa gửi', 'Settled on this device, not sent'],
} as const satisfies Record<string, Pair>;
