/** Words of the frame of headquarters and of the parts every page is made from. */

import type { Pair } from '../../i18n/language.svelte';

export const shell = {
  title: ['Cơ quan', 'Headquarters'],
  review: ['Duyệt', 'Review'],
  oversight: ['Giám sát', 'Oversight'],
  administration: ['Quản trị', 'Administration'],
  field: ['Phần ghi tại địa bàn', 'Field recording'],
  skip: ['Đến nội dung chính', 'Skip to the main content'],
  menu: ['Các trang', 'Pages'],
  keys: ['Phím tắt', 'Keys'],
  keysHint: ['Bấm ? để xem phím tắt', 'Press ? for the keys'],
  close: ['Đóng', 'Close'],
  offline: ['Không có mạng. Các trang này cần mạng; ý kiến duyệt đã ghi vẫn được giữ trên máy.', 'No network. These pages need one; decisions already made are kept on this device.'],
  goTo: ['Mở {page}', 'Open {page}'],
  notYours: ['Không có trang này cho vai trò của đồng chí', 'There is no such page for your role'],
  pageFailed: ['Chưa mở được trang. Có thể máy chủ đã có bản mới; hãy tải lại.', 'The page could not be opened. The server may have a newer version; reload.'],
  officer: ['Cán bộ xã', 'Commune officer'],
  coordinator: ['Điều phối viên cấp tỉnh', 'Provincial coordinator'],
  administrator: ['Người quản trị', 'Administrator'],
  guard: ['Cán bộ biên phòng', 'Border guard'],
} as const satisfies Record<string, Pair>;

export const pages = {
  inbox: ['Hộp duyệt', 'Inbox'],
  sessions: ['Danh sách buổi', 'Sessions'],
  session: ['Buổi tuyên truyền', 'Session'],
  duplicates: ['Nghi trùng', 'Possible duplicates'],
  quarantine: ['Chờ xem xét', 'Quarantine'],
  devices: ['Thiết bị', 'Devices'],
  enrol: ['Cấp mã đăng ký', 'Enrol a device'],
  carried: ['Tệp mang đến', 'Carried files'],
  report: ['Báo cáo kỳ', 'Period report'],
} as const satisfies Record<string, Pair>;

export const parts = {
  loading: ['Đang tải…', 'Loading…'],
  retry: ['Thử lại', 'Try again'],
  reload: ['Tải lại', 'Reload'],
  cancel: ['Thôi', 'Cancel'],
  more: ['Xem thêm', 'Show more'],
  actions: ['Thao tác', 'Actions'],
  clearFilters: ['Bỏ lọc', 'Clear filters'],
  filters: ['Bộ lọc', 'Filters'],
  all: ['Tất cả', 'All'],
  sortAscending: ['tăng dần', 'ascending'],
  sortDescending: ['giảm dần', 'descending'],
  rows: ['{n} dòng', '{n} {n:row|rows}'],
  none: ['Không có gì ở đây', 'Nothing here'],
  saved: ['Đã lưu tệp {name}', 'Saved {name}'],
  required: ['Chưa nhập mục bắt buộc', 'Required field is empty'],
  reason: ['Lý do', 'Reason'],
  reasonHint: ['Từ 3 đến 200 ký tự', '3 to 200 characters'],
} as const satisfies Record<string, Pair>;

export const unit = {
  label: ['Xã, phường, đặc khu', 'Commune-level unit'],
  whole: ['Toàn bộ địa bàn', 'All areas'],
  generation: ['Đơn vị hành chính', 'Units as of'],
  since: ['từ {day}', 'since {day}'],
  before: ['trước {day}', 'before {day}'],
} as const satisfies Record<string, Pair>;

export const period = {
  label: ['Kỳ báo cáo', 'Reporting period'],
  month: ['Tháng', 'Month'],
  quarter: ['Quý', 'Quarter'],
  half: ['6 tháng', 'Half-year'],
  nine_months: ['9 tháng', 'Nine months'],
  year: ['Năm', 'Year'],
  range: ['Khoảng ngày', 'Range'],
  from: ['Từ ngày', 'From'],
  to: ['Đến ngày', 'To'],
  previous: ['Kỳ trước', 'Period before'],
  next: ['Kỳ sau', 'Period after'],
  ofMonth: ['Tháng {m}/{y}', 'Month {m}/{y}'],
  ofQuarter: ['Quý {q}/{y}', 'Quarter {q}/{y}'],
  ofHalf1: ['6 tháng đầu năm {y}', 'First half of {y}'],
  ofHalf2: ['6 tháng cuối năm {y}', 'Second half of {y}'],
  ofNine: ['9 tháng đầu năm {y}', 'First nine months of {y}'],
  ofYear: ['Năm {y}', 'Year {y}'],
  ofRange: ['{from} – {to}', '{from} – {to}'],
  day: ['dd/mm/yyyy', 'dd/mm/yyyy'],
  dayAccepted: ['Ngày dạng dd/mm/yyyy', 'A day as dd/mm/yyyy'],
} as const satisfies Record<string, Pair>;
