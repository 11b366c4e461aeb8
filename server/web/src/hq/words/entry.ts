/** Words of forms that enter something. */

import type { Pair } from '../../i18n/language.svelte';

export const entry = {
  save: ['Lưu', 'Save'],
  add: ['Thêm', 'Add'],
  edit: ['Sửa', 'Edit'],
  void: ['Hủy dòng này', 'Void this row'],
  voidTitle: ['Hủy một dòng đã nhập', 'Void a row'],
  voidHint: ['Dòng vẫn được giữ lại cùng lý do, chỉ không tính vào số liệu.', 'The row stays on file with the reason; it is out of every sum.'],
  voided: ['Đã hủy: {reason}', 'Void: {reason}'],
  takeAway: ['Bỏ {name}', 'Remove {name}'],
  findUnit: ['Gõ vài chữ để tìm xã, phường', 'Type to find a commune'],
  findVillage: ['Gõ ít nhất 2 chữ, không cần dấu', 'Type two letters or more'],
  enteredBy: ['{name}, {at}', '{name}, {at}'],
  quantity: ['Số lượng', 'Quantity'],
  quantityAccepted: ['Số nguyên từ 1 trở lên', 'A whole number from 1'],
  note: ['Ghi chú', 'Note'],
  noteHint: ['Không ghi tên, số điện thoại, địa chỉ của người dân', 'No names, telephone numbers or addresses of residents'],
  day: ['Ngày', 'Day'],
  dayAccepted: ['Ngày dạng dd/mm/yyyy, không sau hôm nay', 'A day as dd/mm/yyyy, not after today'],
  entered: ['Người nhập', 'Entered by'],
  choose: ['Chọn một mục', 'Choose one'],
  saved: ['Đã lưu', 'Saved'],
  sample: ['Dữ liệu mẫu', 'Sample data'],
} as const satisfies Record<string, Pair>;
