/** Words of coverage: the table, the trend, villages not reached. */

import type { Pair } from '../../i18n/language.svelte';

/** Where a village stands in a period, as a word and as what the legend says of it. */
export const states = {
  confirmed: ['Đã duyệt', 'Confirmed'],
  done: ['Đã thực hiện, chờ duyệt', 'Done, not confirmed'],
  zero: ['Không có buổi nào', 'None held'],
  unheard: ['Chưa có tin từ máy', 'Not heard from'],
  unassigned: ['Chưa phân công máy', 'No device assigned'],
} as const satisfies Record<string, Pair>;

export const stateHints = {
  confirmed: ['Có buổi đã được cán bộ xã duyệt', 'At least one session was confirmed by an officer'],
  done: ['Có buổi, chưa buổi nào được duyệt', 'Sessions were held, none is confirmed yet'],
  zero: ['Mọi máy phụ trách đã gửi hết, không có buổi nào', 'Every device that covers it has brought everything, and there was none'],
  unheard: ['Còn máy chưa gửi hết: chưa có buổi không có nghĩa là không thực hiện', 'A device has not brought everything yet: silence is not zero'],
  unassigned: ['Không máy nào được giao địa bàn này', 'No device had this village in its areas'],
} as const satisfies Record<string, Pair>;

export const coverage = {
  title: ['Độ phủ địa bàn', 'Coverage'],
  lead: ['Thôn, bản, khu nào đã được tuyên truyền, theo từng kỳ', 'Which villages were reached, period by period'],
  bucket: ['Theo', 'By'],
  month: ['Tháng', 'Month'],
  quarter: ['Quý', 'Quarter'],
  year: ['Năm', 'Year'],
  measure: ['Hiển thị', 'Show'],
  sessions: ['Buổi', 'Sessions'],
  attendances: ['Lượt người', 'Attendances'],
  openAll: ['Mở tất cả', 'Expand all'],
  closeAll: ['Thu gọn', 'Collapse all'],
  open: ['Mở {name}', 'Expand {name}'],
  close: ['Thu gọn {name}', 'Collapse {name}'],
  place: ['Xã, phường / thôn, bản, khu', 'Commune / village'],
  total: ['Cả kỳ', 'Whole range'],
  whole: ['Toàn bộ', 'All'],
  noUnit: ['Chưa xác định đơn vị', 'Unit not decided'],
  noUnitHint: ['Đơn vị cũ đã bị chia: cần chọn đơn vị mới cho từng thôn', 'The old unit was split: choose the new unit village by village'],
  choose: ['Chọn đơn vị', 'Choose units'],
  caption: ['Độ phủ theo xã, phường và kỳ: số đã thực hiện trên kế hoạch', 'Coverage by commune and period: done of planned'],
  legendWaits: ['Vạch bên trái: còn thôn chưa có tin, số có thể tăng', 'Bar at the left: villages not heard from, the figure may grow'],
  legendPlan: ['2/4: đã thực hiện 2 trong 4 buổi theo kế hoạch', '2/4: 2 held of 4 planned'],
  legendSteps: ['Màu đậm dần: 1, 2, 3–4, từ 5 buổi; ở dòng xã: tỷ lệ thôn đã đến', 'Darker: 1, 2, 3–4, 5 sessions and more; in a commune: the share of villages reached'],
  reached: ['Thôn, bản, khu đã đến', 'Villages reached'],
  reachedOf: ['{reached} / {villages}', '{reached} of {villages}'],
  sessionsWith: ['{confirmed} đã duyệt', '{confirmed} confirmed'],
  planned: ['Kế hoạch', 'Planned'],
  plannedWith: ['đạt {share} %', '{share} % done'],
  unheard: ['Chưa có tin', 'Not heard from'],
  unheardWith: ['thôn; chưa thể coi là không thực hiện', 'villages; silence is not zero'],
  elsewhere: ['Ngoài danh mục thôn', 'Outside the register'],
  elsewhereWith: ['buổi ở nơi không có trong danh mục', 'sessions at places not in the register'],
  none: ['Chưa có thôn, bản, khu nào trong phạm vi này', 'No villages in this scope'],
  noneHint: ['Quản trị viên nhập danh mục thôn, bản, khu ở trang Nhập danh mục.', 'An administrator imports the register of villages on the Import page.'],
  cellSaid: ['{name}, {period}: {state}; {done} buổi, {confirmed} đã duyệt, kế hoạch {planned}', '{name}, {period}: {state}; {done} {done:session|sessions}, {confirmed} confirmed, {planned} planned'],
  cellSaidFiltered: ['{name}, {period}: {state}; {done} buổi, {confirmed} đã duyệt', '{name}, {period}: {state}; {done} {done:session|sessions}, {confirmed} confirmed'],
  sumSaid: ['{name}, {period}: đến {reached}/{villages} thôn; {done} buổi, {confirmed} đã duyệt; {unheard} thôn chưa có tin', '{name}, {period}: {reached} of {villages} villages reached; {done} {done:session|sessions}, {confirmed} confirmed; {unheard} not heard from'],
  villages: ['{n} thôn', '{n} {n:village|villages}'],
  gaps: ['máy còn thiếu dữ liệu', 'a device has gaps'],
  export: ['Xuất dữ liệu', 'Export'],
  keys: ['Phím mũi tên để đi giữa các ô, Enter để xem bản ghi', 'Arrow keys move between cells, Enter shows the records'],
} as const satisfies Record<string, Pair>;

/** Which sessions are counted. */
export const narrow = {
  label: ['Chỉ tính các buổi', 'Only sessions'],
  only: ['Chỉ tính các buổi có', 'Only sessions with'],
  post: ['Đồn, trạm, đội', 'Post'],
  topic: ['Nội dung', 'Topic'],
  language: ['Ngôn ngữ', 'Language'],
  format: ['Hình thức', 'Format'],
  remove: ['Bỏ lọc {name}', 'Remove the filter {name}'],
  note: ['Kế hoạch không áp dụng cho phần được lọc.', 'Plans do not apply to a part of the sessions.'],
} as const satisfies Record<string, Pair>;

/** What a filter that narrows nothing says. */
export const narrowAny = {
  post: ['Mọi đồn, trạm, đội', 'Any post'],
  topic: ['Mọi nội dung', 'Any topic'],
  language: ['Mọi ngôn ngữ', 'Any language'],
  format: ['Mọi hình thức', 'Any format'],
} as const satisfies Record<string, Pair>;

export const trend = {
  title: ['Xu hướng', 'Trend'],
  lead: ['Kết quả theo tháng báo cáo, bên cạnh cùng kỳ năm trước', 'Results by reporting month, beside the year before'],
  sessions: ['Số buổi', 'Sessions'],
  attendances: ['Lượt người nghe', 'Attendances'],
  unheard: ['Tỷ lệ thôn chưa có tin', 'Share of villages not heard from'],
  now: ['Kỳ này', 'This range'],
  before: ['Cùng kỳ năm trước', 'The year before'],
  planned: ['Kế hoạch', 'Planned'],
  month: ['Tháng', 'Month'],
  confirmed: ['Đã duyệt', 'Confirmed'],
  change: ['So với cùng kỳ', 'Against the year before'],
  reached: ['Thôn đã đến', 'Villages reached'],
  unheardVillages: ['Thôn chưa có tin', 'Not heard from'],
  chartSessions: ['Biểu đồ số buổi theo tháng, so với cùng kỳ năm trước và kế hoạch; số liệu ở bảng bên dưới', 'Chart of sessions by month, beside the year before and the plan; the numbers stand in the table below'],
  chartAttendances: ['Biểu đồ lượt người nghe theo tháng, so với cùng kỳ năm trước; số liệu ở bảng bên dưới', 'Chart of attendances by month, beside the year before; the numbers stand in the table below'],
  chartUnheard: ['Biểu đồ tỷ lệ thôn chưa có tin theo tháng; số liệu ở bảng bên dưới', 'Chart of the share of villages not heard from by month; the numbers stand in the table below'],
  unheardNote: ['Tháng có nhiều thôn chưa có tin còn có thể tăng khi các máy gửi về', 'A month with many villages not heard from may still grow when devices call'],
  table: ['Số liệu theo tháng', 'The numbers by month'],
  none: ['Chưa có buổi nào trong khoảng này', 'No sessions in this range'],
} as const satisfies Record<string, Pair>;

export const unreached = {
  title: ['Thôn, bản, khu chưa được tuyên truyền', 'Villages not reached'],
  lead: ['Lâu nhất ở trên cùng', 'The longest first'],
  days: ['Chưa có buổi nào trong', 'No session for'],
  daysUnit: ['ngày', 'days'],
  daysAccepted: ['Nhập số ngày từ 1 đến 3.660', 'A whole number of days, 1 to 3,660'],
  count: ['{n} trong {of} thôn, bản, khu', '{n} of {of} villages'],
  maybe: ['{n} còn có máy chưa gửi hết', '{n} with a device that may still bring a session'],
  village: ['Thôn, bản, khu', 'Village'],
  commune: ['Xã, phường', 'Commune'],
  last: ['Lần gần nhất', 'Last session'],
  never: ['Chưa từng', 'Never'],
  since: ['Số ngày', 'Days'],
  devices: ['Máy phụ trách', 'Devices'],
  bring: ['Có thể còn dữ liệu', 'May still bring'],
  bringSome: ['{n} máy chưa gửi hết', '{n} {n:device has|devices have} not brought everything'],
  bringNone: ['Không, đã gửi hết', 'No, all is here'],
  noDevice: ['Chưa phân công máy', 'No device assigned'],
  silent: ['im lặng từ {at}', 'silent since {at}'],
  onMap: ['Trên bản đồ', 'On the map'],
  export: ['Xuất dữ liệu', 'Export'],
  none: ['Không còn thôn, bản, khu nào quá {days} ngày', 'No village is beyond {days} days'],
} as const satisfies Record<string, Pair>;
