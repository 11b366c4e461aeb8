/** Names of the coordinator's and the administrator's pages. */

import type { Pair } from '../../i18n/language.svelte';

export const pages = {
  coverage: ['Độ phủ địa bàn', 'Coverage'],
  trend: ['Xu hướng', 'Trend'],
  map: ['Bản đồ', 'Map'],
  unreached: ['Thôn chưa đến', 'Not reached'],
  choices: ['Chọn đơn vị mới', 'Split units'],
  plans: ['Kế hoạch', 'Plans'],
  material: ['Tài liệu', 'Material'],
  panels: ['Pano', 'Billboards'],
  clubs: ['Câu lạc bộ', 'Clubs'],
  media: ['Truyền thông', 'Media'],
  figures: ['Số liệu bối cảnh', 'Context figures'],
  exports: ['Xuất dữ liệu', 'Exports'],
  audit: ['Nhật ký', 'Audit'],
  accounts: ['Tài khoản', 'Accounts'],
  posts: ['Đồn, trạm, đội', 'Posts'],
  import: ['Nhập danh mục', 'Import'],
  settings: ['Cài đặt', 'Settings'],
} as const satisfies Record<string, Pair>;
