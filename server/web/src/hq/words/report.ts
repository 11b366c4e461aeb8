/** Words of the period report. */

import type { Pair } from '../../i18n/language.svelte';

export const report = {
  title: ['Báo cáo kỳ', 'Period report'],
  heading: ['Kết quả tuyên truyền phòng, chống mua bán người', 'Outreach against human trafficking: results'],
  whole: ['Toàn bộ địa bàn', 'All areas'],
  headline: ['{sessions} buổi / {attendances} lượt người', '{sessions} {sessions:session|sessions} / {attendances} attendances'],
  days: ['Từ {from} đến {to}', '{from} to {to}'],
  closes: ['Tháng báo cáo chốt ngày {day}', 'Reporting months close on day {day}'],
  made: ['Lập lúc {at}', 'Made {at}'],
  provisional: ['Số liệu sơ bộ: kỳ chưa kết thúc', 'Provisional: the period has not ended'],
  print: ['In', 'Print'],
  xlsx: ['Tải XLSX', 'Save as XLSX'],
  figure: ['Chỉ tiêu', 'Figure'],
  unit: ['Đơn vị tính', 'Unit'],
  now: ['Kỳ này', 'This period'],
  before: ['Kỳ trước', 'Period before'],
  yearBefore: ['Cùng kỳ năm trước', 'Same period last year'],
  difference: ['So với kỳ trước', 'Against the period before'],
  yearDifference: ['So với cùng kỳ', 'Against last year'],
  completeness: ['Mức đầy đủ của số liệu', 'How complete these figures are'],
  villages: ['{reached}/{villages} thôn, bản, khu đã được tuyên truyền', '{reached} of {villages} villages reached'],
  confirmed: ['{confirmed}/{sessions} buổi đã duyệt', '{confirmed} of {sessions} sessions confirmed'],
  unheardDevices: ['{n} máy chưa gửi hết số liệu của kỳ', '{n} {n:device has|devices have} not sent all of the period'],
  unheardVillages: ['{n} thôn, bản, khu chưa rõ vì còn máy chưa gửi', '{n} {n:village is|villages are} not known while devices are silent'],
  waiting: ['{n} thay đổi chờ dữ liệu khác', '{n} {n:change waits|changes wait} for other data'],
  quarantined: ['{n} phần chờ xem xét, chưa tính', '{n} {n:part waits|parts wait} to be looked at, not counted'],
  openDuplicates: ['{n} cặp nghi trùng chưa xem', '{n} possible {n:duplicate|duplicates} not looked at'],
  complete: ['Không còn gì chờ', 'Nothing is outstanding'],
  needsChoice: ['{n} buổi ở đơn vị đã tách, chưa chọn đơn vị mới', '{n} {n:session|sessions} in a unit that was split, not placed yet'],
  none: ['Chưa có số liệu trong kỳ này', 'No figures in this period'],
} as const satisfies Record<string, Pair>;

/** Headings of the groups of figures. */
export const groups = {
  results: ['Kết quả tuyên truyền', 'Results'],
  material: ['Tài liệu đã cấp phát', 'Material handed out'],
  formats: ['Hình thức tuyên truyền', 'Formats'],
  topics: ['Nội dung tuyên truyền', 'Topics'],
  languages: ['Ngôn ngữ sử dụng', 'Languages used'],
  difficulties: ['Khó khăn gặp phải', 'Difficulties met'],
  panels: ['Pano tuyên truyền', 'Billboards'],
  clubs: ['Câu lạc bộ', 'Clubs'],
  broadcasts: ['Phát thanh và mạng xã hội', 'Broadcasts and social media'],
  media: ['Báo chí, truyền thông', 'Media'],
  context: ['Số liệu chung của tỉnh', 'Figures of the province'],
} as const satisfies Record<string, Pair>;
