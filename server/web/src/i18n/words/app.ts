/** Words of the frame, of starting, of home and of the sync. */

import type { Pair } from '../language.svelte';

export const app = {
  name: ['Bản Làng', 'Banlang'],
  subtitle: ['Sổ tuyên truyền phòng, chống mua bán người', 'Outreach against human trafficking'],
  home: ['Trang chính', 'Home'],
  records: ['Bản ghi', 'Records'],
  carry: ['Chuyển tệp', 'Files'],
  phone: ['Máy này', 'This phone'],
  back: ['Quay lại', 'Back'],
  cancel: ['Thôi', 'Cancel'],
  retry: ['Thử lại', 'Try again'],
  navigation: ['Các trang', 'Pages'],
  starting: ['Đang mở…', 'Opening…'],
  failed: ['Không mở được ứng dụng', 'The app could not start'],
  notFound: ['Không có trang này', 'There is no such page'],
  toHome: ['Về trang chính', 'To the home page'],
  unknownError: ['Có lỗi: {why}. Dữ liệu đã lưu trên máy vẫn còn.', 'Something went wrong: {why}. What was saved on this phone is still there.'],
} as const satisfies Record<string, Pair>;

export const office = {
  place: ['Cơ quan', 'Office'],
  loading: ['Đang mở trang cơ quan…', 'Opening headquarters…'],
  offline: ['Trang cơ quan cần có mạng. Phần ghi tại địa bàn vẫn dùng được.', 'Headquarters needs a connection. The field app works without one.'],
  failed: ['Chưa mở được trang cơ quan. Có thể máy chủ đã có bản mới; hãy tải lại.', 'Headquarters could not be opened. The server may have a newer version; reload.'],
  reload: ['Tải lại', 'Reload'],
} as const satisfies Record<string, Pair>;

export const waiting = {
  title: ['Ứng dụng đang mở ở nơi khác', 'The app is open elsewhere'],
  body: ['Mỗi lúc chỉ một cửa sổ được ghi, để không mất bản ghi nào. Đóng cửa sổ kia, cửa sổ này sẽ tự mở.', 'Only one window may write at a time, so that no record is lost. Close the other one and this one opens by itself.'],
} as const satisfies Record<string, Pair>;

export const enrol = {
  title: ['Đăng ký máy này', 'Enrol this phone'],
  body: ['Nhập mã do đồn hoặc người quản trị cấp. Mã chỉ dùng một lần. Bước này cần có mạng.', 'Enter the code your post or the administrator gave you. It works once. This step needs a connection.'],
  code: ['Mã đăng ký', 'Enrolment code'],
  codeHint: ['Ví dụ: G8PS-NDRC-9P. Chữ hoa hay chữ thường đều được.', 'For instance G8PS-NDRC-9P. Capitals or not.'],
  codeAccepted: ['Mã gồm 10 chữ và số, ví dụ G8PS-NDRC-9P', 'A code of 10 letters and digits, for instance G8PS-NDRC-9P'],
  scan: ['Quét mã QR', 'Scan the QR code'],
  scanView: ['Hình từ camera', 'What the camera sees'],
  scanning: ['Đưa mã QR vào trong khung. Hình không được lưu hay gửi đi.', 'Hold the QR code in the frame. The picture is not kept or sent.'],
  scanRead: ['Đã đọc mã QR', 'The QR code was read'],
  scanOther: ['Mã QR này không phải mã đăng ký. Hãy quét mã do đồn hoặc người quản trị cấp, hoặc gõ mã gồm 10 chữ và số.', 'This is not an enrolment code. Scan the one your post or the administrator gave you, or type the code of 10 letters and digits.'],
  scanDenied: ['Ứng dụng chưa được phép dùng camera. Hãy gõ mã, hoặc cho phép camera trong phần cài đặt trang của trình duyệt rồi quét lại.', 'The app may not use the camera. Type the code, or allow the camera in the browser’s settings for this site and scan again.'],
  scanNone: ['Không tìm thấy camera trên máy này. Hãy gõ mã.', 'No camera was found on this phone. Type the code.'],
  scanBusy: ['Ứng dụng khác đang dùng camera. Đóng ứng dụng đó rồi quét lại, hoặc gõ mã.', 'Another app is using the camera. Close it and scan again, or type the code.'],
  scanFailed: ['Máy không đọc được mã QR. Hãy gõ mã.', 'This phone could not read QR codes. Type the code.'],
  typeCode: ['Gõ mã', 'Type the code'],
  already: ['Máy này đã đăng ký. Mã vừa mở chưa được dùng.', 'This phone is enrolled already. The code was not used.'],
  working: ['Đang đăng ký…', 'Enrolling…'],
  pinTitle: ['Đặt mã PIN', 'Set a PIN'],
  pinBody: ['Mã PIN khóa mọi bản ghi trên máy này. Không dùng ngày sinh hay số dễ đoán. Nếu quên, cơ quan cấp mã để mở lại, không mất bản ghi.', 'The PIN locks every record on this phone. Do not use a birthday or an easy number. If you forget it, headquarters can open it again and no record is lost.'],
  pin: ['Mã PIN mới', 'New PIN'],
  pinAgain: ['Nhập lại mã PIN', 'PIN once more'],
  pinHint: ['Ít nhất 6 số. Có thể thêm chữ cho chắc hơn.', 'At least 6 digits. Letters make it stronger.'],
  pinAccepted: ['Mã PIN gồm 6 đến 64 ký tự', 'A PIN of 6 to 64 characters'],
  pinWeak: ['Mã PIN này dễ đoán. Chọn số khác.', 'This PIN is easy to guess. Choose another.'],
  label: ['Tên máy', 'Name of this phone'],
  labelHint: ['Để người quản trị nhận ra máy. Không ghi tên người.', 'So that the administrator knows the phone. No names of people.'],
  labelAccepted: ['Từ 1 đến 60 ký tự', '1 to 60 characters'],
  labelDefault: ['Điện thoại', 'Phone'],
  pinDiffers: ['Hai lần nhập không giống nhau', 'The two do not match'],
  finish: ['Đăng ký và mở', 'Enrol and open'],
  lost: ['Máy này từng được đăng ký nhưng trình duyệt đã xóa dữ liệu. Bản ghi máy chủ đã nhận sẽ tải lại sau khi đăng ký lại. Bản ghi chưa gửi đã mất cùng dữ liệu trên máy.', 'This phone was enrolled before, but the browser has cleared its data. What the server had comes back once you enrol again. What was not sent is gone with it.'],
} as const satisfies Record<string, Pair>;

export const unlock = {
  title: ['Nhập mã PIN', 'Enter your PIN'],
  pin: ['Mã PIN', 'PIN'],
  open: ['Mở', 'Open'],
  working: ['Đang mở…', 'Opening…'],
  wrong: ['Mã PIN không đúng', 'The PIN is wrong'],
  wait: ['Nhập sai nhiều lần. Chờ {seconds} giây rồi thử lại', 'Too many wrong tries. Wait {seconds} {seconds:second|seconds}'],
  forgot: ['Quên mã PIN?', 'Forgot the PIN?'],
  show: ['Hiện mã PIN', 'Show PIN'],
  showShort: ['Hiện', 'Show'],
  hideShort: ['Ẩn', 'Hide'],
} as const satisfies Record<string, Pair>;

export const home = {
  record: ['Ghi buổi mới', 'New session'],
  panel: ['Kiểm tra pano', 'Check a billboard'],
  panelShort: ['Pano', 'Billboard'],
  goOn: ['Ghi tiếp', 'Go on'],
  drafts: ['Đang ghi dở', 'Drafts'],
  draftOf: ['Bản nháp', 'Draft'],
  changesOf: ['Đang sửa', 'Being edited'],
  noPlace: ['Chưa chọn địa điểm', 'No place yet'],
  returned: ['Trả lại để bổ sung', 'Returned for completion'],
  returnedN: ['{n} bản ghi cần bổ sung', '{n} {n:record|records} to complete'],
  conflictsN: ['{n} bản ghi có nội dung khác nhau, cần chọn', '{n} {n:record|records} on which people differ'],
  heldN: ['{n} bản ghi máy chủ giữ lại, chưa tính', '{n} {n:record|records} held back, not counted yet'],
  complete: ['Bổ sung', 'Complete it'],
  standing: ['Bản ghi đang ở đâu', 'Where the records are'],
  recent: ['Mới ghi', 'Latest'],
  all: ['Xem tất cả', 'See all'],
  none: ['Chưa có bản ghi nào', 'No records yet'],
  noneBody: ['Bản ghi đầu tiên sẽ hiện ở đây.', 'The first one will show here.'],
} as const satisfies Record<string, Pair>;

/** How far a record has come. "Đã gửi" is not "Máy chủ đã nhận". */
export const standing = {
  here: ['Chỉ có trên máy này', 'Only on this phone'],
  sent: ['Đã gửi', 'Sent'],
  stored: ['Máy chủ đã nhận', 'Server has it'],
  backed_up: ['Máy chủ đã sao lưu', 'Backed up'],
  confirmed: ['Đã duyệt', 'Confirmed'],
} as const satisfies Record<string, Pair>;

export const review = {
  new: ['Chờ duyệt', 'Pending review'],
  confirmed: ['Đã duyệt', 'Confirmed'],
  returned: ['Trả lại để bổ sung', 'Returned for completion'],
  amended: ['Đã sửa sau khi duyệt', 'Amended after review'],
  disputed: ['Ý kiến duyệt khác nhau', 'Reviewers differ'],
} as const satisfies Record<string, Pair>;

export const sync = {
  now: ['Gửi và nhận ngay', 'Sync now'],
  going: ['Đang gửi và nhận', 'Syncing'],
  up: ['gửi {bytes}', 'up {bytes}'],
  down: ['nhận {bytes}', 'down {bytes}'],
  stop: ['Dừng', 'Stop'],
  done: ['Đã gửi và nhận xong', 'Sync complete'],
  doneAt: ['Lần gửi gần nhất: {at}', 'Last sync: {at}'],
  never: ['Chưa gửi lần nào', 'Never synced'],
  offline: ['Không có mạng. Dữ liệu vẫn được lưu trên máy.', 'No network. Data is safe on this phone.'],
  failed: ['Gửi chưa xong. Sẽ gửi tiếp phần còn lại khi có mạng.', 'Not finished. It goes on from here when there is a connection.'],
  auto: ['Máy tự gửi khi có mạng.', 'It syncs by itself when there is a connection.'],
  waitingN: ['Còn {n} bản ghi chưa gửi', '{n} {n:record|records} not sent'],
} as const satisfies Record<string, Pair>;

export const update = {
  ready: ['Có bản mới của ứng dụng', 'A new version is ready'],
  body: ['Bản nháp được giữ nguyên khi cập nhật.', 'Drafts are kept through the update.'],
  apply: ['Cập nhật', 'Update'],
} as const satisfies Record<string, Pair>;
