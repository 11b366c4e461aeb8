/** Words of the map page. */

import type { Pair } from '../../i18n/language.svelte';

export const map = {
  title: ['Bản đồ', 'Map'],
  lead: ['Vòng tròn lớn theo số buổi; bảng bên cạnh có cùng số liệu', 'Circles grow with the sessions; the table beside holds the same figures'],
  canvas: ['Bản đồ các điểm, dùng phím mũi tên để di chuyển', 'Map of the points, arrow keys move it'],
  zoomIn: ['Phóng to', 'Zoom in'],
  zoomOut: ['Thu nhỏ', 'Zoom out'],
  noWebgl: ['Trình duyệt này không vẽ được bản đồ (thiếu WebGL). Bảng dưới đây có đủ số liệu.', 'This browser cannot draw the map (WebGL is missing). The table holds every figure.'],
  broken: ['Không tải được bản đồ. Bảng dưới đây có đủ số liệu.', 'The map could not be loaded. The table holds every figure.'],
  groundFailed: ['Không tải được bản đồ nền đã cài đặt; các điểm vẫn đúng vị trí. Nếu vừa mới cài đặt, hãy tải lại trang.', 'The ground map in the settings could not be loaded; the points are still right. If it was set just now, reload the page.'],
  positions: ['Vị trí xã, phường là điểm đặt nhãn, không phải ranh giới. Thôn chỉ hiện khi danh mục có tọa độ.', 'A commune stands at its label point, not its border. Villages show where the register has a position.'],
  units: ['Xã, phường', 'Communes'],
  villages: ['Thôn, bản, khu', 'Villages'],
  show: ['Hiển thị', 'Show'],
  place: ['Địa điểm', 'Place'],
  sessions: ['Buổi', 'Sessions'],
  confirmed: ['Đã duyệt', 'Confirmed'],
  last: ['Buổi gần nhất', 'Last session'],
  counted: ['{n} buổi, {confirmed} đã duyệt', '{n} {n:session|sessions}, {confirmed} confirmed'],
  records: ['Xem các bản ghi', 'See the records'],
  find: ['Chỉ trên bản đồ {name}', 'Show {name} on the map'],
  none: ['Không có điểm nào có tọa độ trong phạm vi này', 'No place with a position in this scope'],
} as const satisfies Record<string, Pair>;
